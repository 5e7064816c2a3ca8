"""`python -m deploy` writes what deploy/kubernetes has of other rooms; `--check` only compares."""

import sys

from deploy._copies import ROOT, wanted


def main(arguments: list[str]) -> int:
    """Return 1 where `--check` finds a file that differs."""
    different = []
    for file, text in wanted():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            different.append(file)
            if arguments != ["--check"]:
                file.write_text(text, encoding="utf-8")
    for file in different:
        print(file.relative_to(ROOT))
    return int(bool(different) and arguments == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
