"""What is computed: one module a group, in lineage order; each asset a few lines around core."""
