"""The contract between agents, hub and browsers. Standard library and msgspec only: agents import nothing else of the hub.

Structs are frozen. New fields have defaults, tags are never reused, receivers ignore fields they don't know.
"""
