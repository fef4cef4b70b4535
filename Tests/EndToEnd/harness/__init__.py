"""Starts the real programs, waits for what they do, and reads what they leave behind."""
