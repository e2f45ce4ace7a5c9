"""
Singer target for Oracle Database.
"""

__version__ = "0.1.0"
