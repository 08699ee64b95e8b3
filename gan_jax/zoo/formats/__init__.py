"""Forms in which a sampler leaves the package: a program that draws without it, and a repository for others."""
