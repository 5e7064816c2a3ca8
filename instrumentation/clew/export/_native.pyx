# cython: language_level=3
"""The common case of `_spans` and `_logs`, compiled: one ended span, or log record, → its bytes.

What is made here is, byte for byte, what the encoders in Python make, which the tests hold it to.
Anything out of the common (events, links, a status, values that are no plain text or number)
answers None, and is left to them. So is everything where this module could not be compiled.

No Python code runs in between: attributes are read while nobody can change them, and each call has
a buffer of its own, so a signal handler that exports meanwhile does no harm.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_Next, PyDict_Size
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_AsUnsignedLongLongMask
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.string cimport memcpy

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    bint PyUnicode_CheckExact(object)
    bint PyLong_CheckExact(object)
    bint PyFloat_CheckExact(object)
    bint PyBool_Check(object)
    bint PyDict_CheckExact(object)
    double PyFloat_AS_DOUBLE(object)

from opentelemetry.trace import DEFAULT_TRACE_STATE

from clew.traces._span import UNSET

ctypedef unsigned long long u64

cdef enum:
    ON_STACK = 4096  # most messages fit there
    AROUND = 32  # bytes that a key and its value take, at most, besides their text
    HEAD = 11  # room for the outermost tag and length, which are known last
cdef object _no_state = DEFAULT_TRACE_STATE
cdef object _unset = UNSET


class _Unplain(Exception):
    """Not the common case."""


cdef struct Out:
    char* data
    Py_ssize_t size
    Py_ssize_t room
    bint owned


cdef inline int _need(Out* out, Py_ssize_t more) except -1:
    cdef Py_ssize_t room
    cdef char* grown
    if out.size + more <= out.room:
        return 0
    room = 2 * (out.size + more)
    grown = <char*>PyMem_Malloc(room)
    if grown == NULL:
        raise MemoryError
    memcpy(grown, out.data, out.size)
    if out.owned:
        PyMem_Free(out.data)
    out.data, out.room, out.owned = grown, room, True
    return 0


cdef inline void _byte(Out* out, int value) noexcept:
    out.data[out.size] = <char>value
    out.size += 1


cdef inline void _varint(Out* out, u64 number) noexcept:
    while number > 127:
        _byte(out, <int>(number & 127 | 128))
        number >>= 7
    _byte(out, <int>number)


cdef inline int _width(u64 number) noexcept:
    """How many bytes a varint takes."""
    cdef int width = 1
    while number > 127:
        number >>= 7
        width += 1
    return width


cdef inline void _little(Out* out, u64 number) noexcept:
    cdef int at
    for at in range(8):
        _byte(out, <int>(number >> (8 * at) & 255))


cdef inline void _big(Out* out, u64 number) noexcept:
    cdef int at
    for at in range(8):
        _byte(out, <int>(number >> (56 - 8 * at) & 255))


cdef inline void _copy(Out* out, const char* text, Py_ssize_t size) noexcept:
    memcpy(out.data + out.size, text, size)
    out.size += size


cdef inline const char* _utf8(object text, Py_ssize_t* size) except NULL:
    if not PyUnicode_CheckExact(text):
        raise _Unplain
    return PyUnicode_AsUTF8AndSize(text, size)  # UnicodeEncodeError: a lone surrogate


cdef inline int _string(Out* out, int tag, object text) except -1:
    """A field of text; left out when empty."""
    cdef Py_ssize_t size
    cdef const char* data = _utf8(text, &size)
    if size:
        _need(out, size + AROUND)
        _byte(out, tag)
        _varint(out, size)
        _copy(out, data, size)
    return 0


cdef int _attribute(Out* out, int tag, object key, object value) except -1:
    """One `KeyValue`."""
    cdef Py_ssize_t key_size, text_size = 0, body
    cdef const char* key_data = _utf8(key, &key_size)
    cdef const char* text = NULL
    cdef u64 number = 0
    cdef double real = 0
    cdef int overflow = 0
    cdef char kind
    if PyUnicode_CheckExact(value):
        kind = c's'
        text = PyUnicode_AsUTF8AndSize(value, &text_size)
        body = 1 + _width(text_size) + text_size
    elif PyBool_Check(value):
        kind, number, body = c'b', value is True, 2
    elif PyLong_CheckExact(value):
        kind = c'i'
        number = <u64>PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            raise _Unplain
        body = 1 + _width(number)
    elif PyFloat_CheckExact(value):
        kind, real, body = c'd', PyFloat_AS_DOUBLE(value), 9
    elif value is None:
        kind, body = c'n', 0
    else:
        raise _Unplain
    _need(out, key_size + text_size + AROUND)
    _byte(out, tag)
    _varint(out, 1 + _width(key_size) + key_size + 1 + _width(body) + body)
    _byte(out, 0x0A)
    _varint(out, key_size)
    _copy(out, key_data, key_size)
    _byte(out, 0x12)
    _varint(out, body)
    if kind == c's':
        _byte(out, 0x0A)
        _varint(out, text_size)
        _copy(out, text, text_size)
    elif kind == c'b':
        _byte(out, 0x10)
        _byte(out, <int>number)
    elif kind == c'i':
        _byte(out, 0x18)
        _varint(out, number)
    elif kind == c'd':
        memcpy(&number, &real, 8)
        _byte(out, 0x21)
        _little(out, number)
    return 0


cdef int _attributes(Out* out, int tag, object attributes, Py_ssize_t skipped) except -1:
    """All of a dict but its first `skipped` items."""
    cdef PyObject* key
    cdef PyObject* value
    cdef Py_ssize_t at = 0
    if not PyDict_CheckExact(attributes):
        raise _Unplain
    while PyDict_Next(attributes, &at, &key, &value):
        if skipped > 0:
            skipped -= 1
        else:
            _attribute(out, tag, <object>key, <object>value)
    return 0


cdef int _ids(Out* out, int trace_tag, int span_tag, object trace_id, object span_id) except -1:
    _need(out, AROUND)
    _byte(out, trace_tag)
    _byte(out, 16)
    _big(out, PyLong_AsUnsignedLongLongMask(trace_id >> 64))
    _big(out, PyLong_AsUnsignedLongLongMask(trace_id))
    _byte(out, span_tag)
    _byte(out, 8)
    _big(out, PyLong_AsUnsignedLongLongMask(span_id))
    return 0


cdef object _finished(Out* out, int tag):
    """The bytes, with tag and length in the room that was left for them."""
    cdef Py_ssize_t body = out.size - HEAD, start = HEAD - 1 - _width(body), end = out.size
    out.size = start
    _byte(out, tag)
    _varint(out, body)
    return PyBytes_FromStringAndSize(out.data + start, end - start)


def span(ended):
    """An ended `ClewSpan` as field 2 of ScopeSpans; None where it is out of the common."""
    cdef char[ON_STACK] stack
    cdef Out out
    out.data, out.size, out.room, out.owned = stack, HEAD, ON_STACK, False
    try:
        _span(&out, ended)
        return _finished(&out, 0x12)
    except (_Unplain, UnicodeEncodeError):
        return None
    finally:
        if out.owned:
            PyMem_Free(out.data)


cdef int _span(Out* out, object ended) except -1:
    if (
        ended._status is not _unset
        or ended._events
        or ended._links
        or ended._dropped_attributes
        or ended._dropped_events
        or ended._dropped_links
    ):
        raise _Unplain
    trace_id, span_id, _, _, state, _ = ended._context
    if state is not _no_state and state:
        raise _Unplain
    parent = ended._parent
    shared = ended._shared
    cdef Py_ssize_t skipped = 0
    cdef bytes encoded
    cdef bint remote = False
    _ids(out, 0x0A, 0x12, trace_id, span_id)
    _string(out, 0x2A, ended._name)
    _need(out, AROUND)
    _byte(out, 0x30)
    _byte(out, <int>ended._kind._value_ + 1)
    _byte(out, 7 << 3 | 1)
    _little(out, PyLong_AsUnsignedLongLongMask(ended._start_time))
    _byte(out, 8 << 3 | 1)
    _little(out, PyLong_AsUnsignedLongLongMask(ended._end_time))
    if shared is not None:
        encoded = shared.encoded
        if encoded is None:  # the first of its kind
            raise _Unplain
        skipped = shared.count
        _need(out, len(encoded))
        _copy(out, encoded, len(encoded))
    _attributes(out, 0x4A, ended._attributes, skipped)
    _need(out, 2 * AROUND)
    if parent is not None:
        _byte(out, 0x22)
        _byte(out, 8)
        _big(out, PyLong_AsUnsignedLongLongMask(parent[1]))
        remote = parent[2]
    # SpanFlags: "has is_remote" is bit 8, "is_remote" bit 9, of the parent.
    _byte(out, 0x85)
    _byte(out, 0x01)
    _byte(out, 0)
    _byte(out, 3 if remote else 1)
    _byte(out, 0)
    _byte(out, 0)
    _byte(out, 0x7A)  # the status, which is unset
    _byte(out, 0)
    return 0


def record(item, Py_ssize_t elsewhere):
    """A `LogItem` of a logger as field 2 of ScopeLogs, without the first `elsewhere` attributes;
    None where it is out of the common."""
    cdef char[ON_STACK] stack
    cdef Out out
    out.data, out.size, out.room, out.owned = stack, HEAD, ON_STACK, False
    try:
        _record(&out, item, elsewhere)
        return _finished(&out, 0x12)
    except (_Unplain, UnicodeEncodeError):
        return None
    finally:
        if out.owned:
            PyMem_Free(out.data)


cdef int _record(Out* out, object item, Py_ssize_t elsewhere) except -1:
    time, observed, number, text, body, attributes, context, _, event, dropped = item
    cdef Py_ssize_t size
    cdef const char* data
    cdef int flags
    if event or dropped or not 0 < number < 128:
        raise _Unplain
    _byte(out, 1 << 3 | 1)
    _little(out, PyLong_AsUnsignedLongLongMask(time))
    _byte(out, 11 << 3 | 1)
    _little(out, PyLong_AsUnsignedLongLongMask(observed))
    _byte(out, 0x10)
    _byte(out, number)
    _string(out, 0x1A, text)
    data = _utf8(body, &size)
    _need(out, size + AROUND)
    _byte(out, 0x2A)
    _varint(out, 1 + _width(size) + size)
    _byte(out, 0x0A)
    _varint(out, size)
    _copy(out, data, size)
    _attributes(out, 0x32, attributes, elsewhere)
    if context is not None:
        _need(out, 2 * AROUND)
        trace_id, span_id, _, flags, _, _ = context
        _byte(out, 8 << 3 | 5)
        _byte(out, flags & 255)
        _byte(out, 0)
        _byte(out, 0)
        _byte(out, 0)
        _ids(out, 0x4A, 0x52, trace_id, span_id)
    return 0
