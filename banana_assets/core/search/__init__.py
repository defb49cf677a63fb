"""Seen something like this? What is searched, how words of code are told apart, and how two rankings become one."""
