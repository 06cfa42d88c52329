"""Pull requests on a real forge, which is Gitea: what is found of them, what is said, and who may do what."""
