"""The chapters of the whole life of a case, each a story of its own; they live side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..scene import Scene
from ..telling import Story
from . import deferral, endings, forwarded, review, special, supplement, watched

Chapter = Callable[[Scene], Story]

#: By the name an option gives them: what they are called, and their stories.
CHAPTERS: Final[Mapping[str, tuple[tuple[str, Chapter], ...]]] = {
    "deferral": (("容缺补齐", deferral.made_good), ("容缺逾期", deferral.not_made_good)),
    "supplement": (("补正", supplement.answered), ("逾期未补正", supplement.lapsed)),
    "review": (("并联审批", review.parallel_and_joint),),
    "special": (("特别程序", special.over_a_holiday),),
    "forwarded": (("收件转办", forwarded.brought_home),),
    "rating": (("好差评", forwarded.rated_badly),),
    "endings": (("不予受理", endings.refused), ("撤回", endings.withdrawn)),
    "watched": (("催办督办", watched.urged_and_supervised), ("替岗", watched.decided_in_anothers_place)),
}
