"""A checkout → SourceSet: the border to the file system, to installed packages, and to the stores where models are.

Modules are imported one by one: who only reads files must not pay for a parser, pydantic or fsspec.

- `checkout`: files inside the root, and no other. `discovery`: the combs below a directory.
- `sources`: a comb.yaml and the files that it names. `artifacts`: a model's bytes by its URI. `lock`: `comb lock`.
- `writing`: a file is replaced as a whole or not at all. `errors`: what is outside and failed.
"""

__all__: list[str] = []
