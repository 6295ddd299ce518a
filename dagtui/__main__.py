"""`dagtui` and `python -m dagtui`."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its status."""
    from dagtui.cli.main import command

    command(prog_name="dagtui")


if __name__ == "__main__":
    main()
