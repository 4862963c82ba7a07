"""`python -m saisei` is the command `saisei`."""

from saisei.cli import main

if __name__ == "__main__":
    main()
