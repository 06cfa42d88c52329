"""A database of known weaknesses, as Grype has it (its schema 5): one weakness of one Python package."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

__all__ = ["WEAKNESS", "environment_of", "plant"]

WEAKNESS = "GHSA-0000-0000-0000"
_SCHEMA = 5
_BUILT = "2026-11-27T00:00:00Z"
_LANGUAGE = "github:language:python"
_TABLES = """
CREATE TABLE id (build_timestamp, schema_version);
CREATE TABLE vulnerability (
    pk INTEGER PRIMARY KEY, id, package_name, namespace, package_qualifiers, version_constraint, version_format, cpes,
    related_vulnerabilities, fixed_in_versions, fix_state, advisories
);
CREATE TABLE vulnerability_metadata (
    id, namespace, data_source, record_source, severity, urls, description, cvss, PRIMARY KEY (id, namespace)
);
CREATE TABLE vulnerability_match_exclusion (pk INTEGER PRIMARY KEY, id, constraints, justification);
"""


def plant(directory: Path, package: str, versions: str) -> Path:
    """A directory for a database in which a package has a critical weakness in some versions, as `<2`."""
    home = directory / str(_SCHEMA)
    home.mkdir(parents=True)
    file = home / "vulnerability.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(_TABLES)
        database.execute("INSERT INTO id VALUES (?, ?)", (_BUILT, _SCHEMA))
        database.execute(
            "INSERT INTO vulnerability (id, package_name, namespace, version_constraint, version_format, fix_state)"
            " VALUES (?, ?, ?, ?, 'python', 'unknown')",
            (WEAKNESS, package, _LANGUAGE, versions),
        )
        database.execute(
            "INSERT INTO vulnerability_metadata VALUES (?, ?, '', ?, 'Critical', '[]', 'planted', '[]')",
            (WEAKNESS, _LANGUAGE, _LANGUAGE),
        )
    checksum = f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
    told = {"built": _BUILT, "version": _SCHEMA, "checksum": checksum}
    (home / "metadata.json").write_text(json.dumps(told), encoding="utf-8")
    return directory


def environment_of(database: Path) -> dict[str, str]:
    """What has Grype ask this database, and nobody for a newer one."""
    return {
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
        "GRYPE_DB_AUTO_UPDATE": "false",
        "GRYPE_DB_CACHE_DIR": str(database),
        "GRYPE_DB_VALIDATE_AGE": "false",
    }
