"""
`python -m target_oracle`.
"""

from target_oracle.cli import main

if __name__ == "__main__":
    main()
