"""The operators of frame-moderation: `text` finds and reads lines, `nudity` scores, `verdict` decides."""
