"""
What a record costs: the program beside scripts that do less, in one run, against one server.
"""
