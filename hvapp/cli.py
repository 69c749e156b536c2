"""The hvapp command."""


def main() -> int:
    return 0
