"""The scenes of the sample sets: a picture, the text on it, how it stands. Truth is written here, not measured."""

from typing import NamedTuple

__all__ = ["SCENES", "Line", "Scene", "lines_of"]

ALLOW, REVIEW, BLOCK = "DECISION_ALLOW", "DECISION_REVIEW", "DECISION_BLOCK"
PHRASE, CONTACT = "REASON_CODE_PHRASE", "REASON_CODE_CONTACT"


class Line(NamedTuple):
    """A line of text, how it stands in degrees against the clock, and what the rules say of it, if anything."""

    text: str
    turned: float = 0
    reason: tuple[str, str, str] | None = None  # code, decision, detail


class Scene(NamedTuple):
    """A sample: `picture` is a file of a package, `turned` the whole frame, and `style` how its text is drawn."""

    set: str
    name: str
    about: str
    picture: str
    lines: tuple[Line, ...] = ()
    turned: int = 0
    style: str = "outlined"
    font: str = "DejaVuSans-Bold"
    nudity: bool = True


def lines_of(*lines: str | tuple[str, float], turned: float = 0) -> tuple[Line, ...]:
    """Lines of these texts, with what the rules say of each."""
    pairs = [(one, turned) if isinstance(one, str) else one for one in lines]
    return tuple(Line(text, angle, _REASONS.get(text)) for text, angle in pairs)


FOLLOWERS, WIN = "Buy followers here", "A guaranteed win!"
COINS, PHONE, MONEY = "Get free coins today", "Win a phone now", "Double your money"
CALL, SITE, HANDLE = "Call +1 555 010 7788", "www.example.com/play", "Add me on chat"

_REASONS = {
    FOLLOWERS: (PHRASE, BLOCK, "buy followers"),
    WIN: (PHRASE, BLOCK, "guaranteed win"),
    COINS: (PHRASE, REVIEW, "free coins"),
    PHONE: (PHRASE, REVIEW, "win a phone"),
    MONEY: (PHRASE, REVIEW, "double your money"),
    CALL: (CONTACT, REVIEW, "phone"),
    SITE: (CONTACT, REVIEW, "url"),
    HANDLE: (CONTACT, REVIEW, "handle"),
}

_PAGE = lines_of(
    "Region-based segmentation",
    "Let us first determine markers of the coins and the",
    "background. These markers are pixels that we can label",
    "unambiguously as either object or background. Here,",
    "the markers are found at the two extreme parts of the",
    "histogram of grey values:",
)
_ASTRONAUT, _CAT, _COFFEE = "skimage/data/astronaut.png", "skimage/data/chelsea.png", "skimage/data/coffee.png"
_ROCKET, _CAMERA, _BRICK = "skimage/data/rocket.jpg", "skimage/data/camera.png", "skimage/data/brick.png"
_GRASS, _GRAVEL, _COINS = "skimage/data/grass.png", "skimage/data/gravel.png", "skimage/data/coins.png"
_HUBBLE, _MOON, _SCAN = "skimage/data/hubble_deep_field.jpg", "skimage/data/moon.png", "skimage/data/page.png"
_PALACE, _FLOWER = "sklearn/datasets/images/china.jpg", "sklearn/datasets/images/flower.jpg"

_STANDARD = (
    Scene("standard", "plain-astronaut", "A portrait without any text.", _ASTRONAUT),
    Scene("standard", "plain-cat", "A cat, no text; its nudity is not asked for.", _CAT, nudity=False),
    Scene("standard", "plain-brick", "A wall whose joints are no text.", _BRICK),
    Scene("standard", "caption-coffee", "Two harmless captions.", _COFFEE,
          lines_of("Two cups before noon", "Episode 12")),
    Scene("standard", "caption-palace", "A title and a subtitle.", _PALACE,
          lines_of("Morning on the square", "Chapter 7: The Return"), font="DejaVuSerif-Bold"),
    Scene("standard", "caption-rocket", "Two lines at the edges of the frame.", _ROCKET,
          lines_of("Camera 04", "Launch day")),
    Scene("standard", "boxed-grass", "Dark text on a light box.", _GRASS,
          lines_of("Season finale tonight", "Garden tour, part 2"), style="boxed"),
    Scene("standard", "chinese-flower", "Chinese captions.", _FLOWER,
          lines_of("今天天气很好", "欢迎观看"), font="NotoSansCJK"),
    Scene("standard", "chinese-and-latin", "Two scripts in one frame.", _CAMERA,
          lines_of("早上好", "Good morning"), font="NotoSansCJK", style="boxed"),
    Scene("standard", "scanned-page", "The upper part of a scanned page; its own words are the truth.", _SCAN,
          _PAGE[:4], style="own"),
    Scene("standard", "block-followers", "A phrase that is blocked.", _CAT,
          lines_of("Cats of the week", FOLLOWERS)),
    Scene("standard", "block-win", "A blocked phrase above one for review: the gravest decides.", _COINS,
          lines_of(WIN, COINS), style="boxed"),
    Scene("standard", "review-phone-prize", "A phrase for review.", _MOON, lines_of(PHONE)),
    Scene("standard", "review-money", "A phrase for review, and a harmless line.", _GRAVEL,
          lines_of("Only this week", MONEY), style="boxed", font="DejaVuSerif-Bold"),
    Scene("standard", "contact-number", "A telephone number.", _HUBBLE, lines_of("New stars", CALL)),
    Scene("standard", "contact-site", "An address on the web, no nudity asked for.", _BRICK,
          lines_of(SITE), style="boxed", nudity=False),
    Scene("standard", "contact-handle", "An invitation to another service.", _ASTRONAUT,
          lines_of("Ask me anything", HANDLE)),
    Scene("standard", "tilted-title", "A line tilted by eight degrees.", _CAMERA,
          lines_of(("Behind the scenes", 8.0)), style="boxed"),
    Scene("standard", "tilted-offer", "A blocked phrase, tilted the other way.", _PALACE,
          lines_of((FOLLOWERS, -7.0))),
    Scene("standard", "diagonal-offer", "A line at 45 degrees.", _HUBBLE, lines_of((FOLLOWERS, 45.0))),
)  # fmt: skip

_ERROR = (
    Scene("error", "followers-upside-down", "A blocked phrase upside down was let through.", _ROCKET,
          lines_of((FOLLOWERS, 180.0))),
    Scene("error", "coins-upside-down", "One of two lines stands on its head.", _COFFEE,
          lines_of("Breakfast club", (COINS, 180.0)), style="boxed"),
    Scene("error", "number-upside-down", "A telephone number upside down.", _MOON,
          lines_of((CALL, 180.0)), style="boxed"),
    Scene("error", "win-turned-frame", "The whole frame is upside down.", _GRASS,
          lines_of(WIN, "Spin and see"), turned=180, style="boxed"),
    Scene("error", "site-turned-frame", "The whole frame is upside down.", _CAT,
          lines_of("Kittens live", SITE), turned=180),
    Scene("error", "offer-from-bottom-to-top", "A line that is read from bottom to top.", _GRAVEL,
          lines_of((FOLLOWERS, 90.0)), style="boxed"),
    Scene("error", "scanned-page", "Of six lines of a scanned page one is not found.", _SCAN, _PAGE, style="own"),
    Scene("error", "scanned-page-turned", "The scanned page, put in upside down.", _SCAN, _PAGE, turned=180,
          style="own"),
    Scene("error", "lost-space", "The space of a caption is not read.", _ROCKET,
          lines_of("Lift-off at 18:00", "Camera 04", "Thank you for watching")),
    Scene("error", "ghost-offer", "Grey on grey: hardly to be seen, by a model or by a person.", _GRAVEL,
          lines_of(COINS), style="faint"),
)  # fmt: skip

_ROTATED = (
    Scene("rotated", "followers", "One line upside down.", _FLOWER, lines_of((FOLLOWERS, 180.0))),
    Scene("rotated", "win", "One line upside down.", _BRICK, lines_of((WIN, 180.0)), style="boxed"),
    Scene("rotated", "coins", "One upright line, one upside down.", _PALACE,
          lines_of("Evening show", (COINS, 180.0))),
    Scene("rotated", "phone-prize", "Two lines upside down.", _COINS,
          lines_of((PHONE, 180.0), ("Last chance", 180.0)), style="boxed"),
    Scene("rotated", "money", "One line upside down.", _CAMERA, lines_of((MONEY, 180.0)), style="boxed"),
    Scene("rotated", "number", "A number upside down under an upright title.", _ASTRONAUT,
          lines_of("Questions?", (CALL, 180.0))),
    Scene("rotated", "site-turned", "The whole frame upside down.", _HUBBLE, lines_of("Deep field", SITE), turned=180),
    Scene("rotated", "handle-turned", "The whole frame upside down.", _COFFEE, lines_of(HANDLE), turned=180),
    Scene("rotated", "followers-turned", "The whole frame upside down.", _GRAVEL,
          lines_of("Grow your channel", FOLLOWERS), turned=180, style="boxed"),
    Scene("rotated", "win-turned", "The whole frame upside down.", _CAT, lines_of(WIN), turned=180),
    Scene("rotated", "chinese-turned", "Chinese and English, the whole frame upside down.", _MOON,
          lines_of("欢迎观看", MONEY), turned=180, font="NotoSansCJK"),
    Scene("rotated", "harmless-turned", "Harmless captions, the whole frame upside down.", _ROCKET,
          lines_of("Lift-off at 18:00", "Thank you for watching"), turned=180),
)  # fmt: skip

SCENES = (*_STANDARD, *_ERROR, *_ROTATED)
