"""
The database's world: names, types, statements, sessions; nothing here knows Singer.
"""
