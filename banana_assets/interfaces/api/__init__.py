"""The HTTP interface: what coding agents, front ends and other programs ask and bring."""
