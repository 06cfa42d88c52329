"""Users' keys → what stands for them in records."""

import hashlib

__all__ = ["user_digest"]


def user_digest(key: str, salt: str = "") -> str:
    """What records have in place of a user's sticky key: the same for the same key and salt, and of no use without it.

    It is a pseudonym (32 hexadecimal digits of BLAKE2b, RFC 7693, keyed with the salt): who can list all keys and knows
    the salt finds the user again, which is what deletion by key needs.
    """
    keyed = hashlib.blake2b(salt.encode("utf-8", "surrogatepass"), digest_size=32).digest() if salt else b""
    content = key.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16, key=keyed, person=b"comb-user").hexdigest()
