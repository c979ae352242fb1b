"""Sensors: what this machine can tell. Each says what it can't read; nothing unreadable is ever reported as zero."""
