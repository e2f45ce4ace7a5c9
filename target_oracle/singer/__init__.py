"""
The tap's world: lines, messages, schemas; nothing here knows Oracle.
"""
