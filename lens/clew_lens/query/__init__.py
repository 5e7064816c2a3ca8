"""Read-only questions to the store, one file each. They return plain JSON-able values.

Times are microseconds since 1970 (they fit a JavaScript number exactly), durations are
milliseconds, rates are per second. `time_ns` is the exact time in nanoseconds, as text.
"""
