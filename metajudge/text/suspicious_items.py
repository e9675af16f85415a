"""Items that no judge should be asked to reward: empty, generic, over-long, or addressed to the judge itself.

The rules rather miss an item than flag an honest one. "Response A ignores the instruction to answer in French" is an
honest finding: an order counts only at the beginning of a clause. An item is generic only if it says nothing else.
"""

import itertools
import re
import unicodedata

from metajudge.text.escaping import strip_invisible

EMPTY, GENERIC, OVER_LONG, INSTRUCTION = "empty", "generic", "over-long", "instruction-like"
REASONS = (EMPTY, GENERIC, OVER_LONG, INSTRUCTION)
LONGEST = 2000
"""Characters that an item may have; one point takes a fraction of that."""


def item_issues(item: str) -> tuple[str, ...]:
    """Return why `item` is suspicious, in the order of `REASONS`; empty for an honest one."""
    text = _as_read(item)
    folded = _folded(text)
    found = (
        not text,
        bool(text) and _is_generic(text, folded),
        len(item) > LONGEST,
        _is_unseen(item) or _is_grammar(text) or _is_order(folded),
    )
    return tuple(itertools.compress(REASONS, found))


def _as_read(item: str) -> str:
    """Return the text as a model may read it: wide and bold letters plain, hidden characters gone, blanks folded."""
    plain = strip_invisible(unicodedata.normalize("NFKC", "\n".join(item.splitlines())))
    if "\n" not in plain:
        return " ".join(plain.split())
    return _LINE_ENDS.sub("\n", _SPACES.sub(" ", plain)).strip()


def _folded(text: str) -> str:
    """Return the text in lower case, as the patterns are; ignoring case would take twice the time."""
    return text.lower() if text.isascii() else text.translate(_TURKISH).casefold()


_TURKISH = {ord("İ"): "i", ord("ı"): "i"}
_SPACES, _LINE_ENDS = re.compile(r"[^\S\n]+"), re.compile(r" ?\n[ \n]*")


# ------------------------------------------------------------------ generic
# The long patterns are strings: compiling them takes 20 ms, and many commands read no item.


def _is_generic(text: str, folded: str) -> bool:
    """Return whether a text is only a heading or a verdict, or has no word at all."""
    if _TITLE.match(text) and "\n" not in text and len(text.split()) <= 8:
        return True
    if ":" in text and _is_heading(_bare(text)):
        return True
    bare = _bare(folded)
    words = " ".join(folded.split())
    return not _WORD.search(bare) or bool(re.fullmatch(_HEADING, bare) or re.fullmatch(_VERDICT, words))


def _bare(text: str) -> str:
    return _BULLET.sub("", _MARKS.sub(" ", text)).strip()


def _is_heading(bare: str) -> bool:
    """Return whether a few words announce what follows; "A's summary omits the fee:" says something by itself."""
    return bare.endswith(":") and len(bare) <= 60 and len(bare.split()) <= 6 and not _ABOUT.search(bare)


_TITLE = re.compile(r"#{1,6} (?!of\b)")
_MARKS, _BULLET = re.compile(r"[*_#`>\"“”]+"), re.compile(r"^(?:[-•–—]|\d+[.)])\s+")
_WORD = re.compile(r"\w")
_ABOUT = re.compile(r"\b[AB12](?:['’]s)? \w")
_HEADING = (
    r"(?:(?:the |my |final |overall |key |main )*|(?:response |answer )?[ab12](?:['’]s)? )"
    r"(?:thought process|thinking(?: process)?|reasoning|analysis|reasons?|list of reasons|explanation|evaluation|"
    r"assessment(?: result)?|verdict|result|judge?ment|preference|conclusion|summary|overall|comparison|differences?|"
    r"strengths?|weaknesses?|pros|cons|(?:dis)?advantages?|observations?|checklist|"
    r"(?:response|answer|assistant|both|neither) ?(?:[ab12]|responses|answers)?|none|n/?a|nothing|yes|no|ok(?:ay)?|"
    r"accuracy|correctness|clarity|completeness|helpfulness|quality|relevance|safety|structure|style|tone|"
    r"思考过程|思考|分析|理由|原因|结论|总结|评价|思考過程|結論|まとめ|回答 ?[ab12]|"
    r"gedankengang|begründung|analyse|fazit|zusammenfassung|bewertung|gründe|antwort [ab12]|"
    r"proceso de pensamiento|análisis|razones|conclusión|resumen|evaluación|respuesta [ab12]|"
    r"raisonnement|raisons|résumé|évaluation|réponse [ab12]|вывод|анализ|причины|ответ [ab12])\s*[.:。…]*"
)

_ONE = (
    r"(?:the )?(?:(?:responses?|answers?|assistant|model|option|output|reply|candidate)(?: ?#?(?:[ab12]|one|two))?|"
    r"[ab]|both|neither|(?:first|second) (?:response|answer|one)|both (?:responses|answers))"
)
_VERDICT = (
    r"[-•* ]*(?:(?:overall|in (?:summary|conclusion|short|general|my opinion)|therefore|thus|so|hence|"
    r"i (?:think|believe|feel)(?: that)?),? )?(?:"
    rf"{_ONE} (?:is|are|was|seems?|feels?|looks?|sounds?)(?: to be)? (?:(?:much|far|clearly|slightly|simply|just|"
    r"overall|generally|significantly|definitely|obviously|the|an?|bit|little|lot|very|quite|really|more|equally) )*"
    r"(?:better|best|superior|inferior|worse|worst|preferable|preferred|good|great|bad|excellent|okay|fine|helpful|"
    rf"winner)(?: (?:one|choice|response|answer|option|overall|in general|than {_ONE}))*"
    rf"|(?:i|we) (?:would )?(?:prefer|choose|like|pick) {_ONE}(?: (?:more|better|over {_ONE}))?|{_ONE} wins?"
    r"|(?:final [\w ]{0,20}: ?)?(?:\\boxed\{ ?)?[ab] ?(?:>{1,2}|<{1,2}|=|»|≫) ?[ab](?: ?\})?"
    r"|(?:回答|回复|回應|答案|响应) ?[ab12一二] ?(?:比 ?(?:回答|回复|答案) ?[ab12一二] ?)?"
    r"(?:明显|总体)?(?:更好|更优|较好|最好|好)"
    r"|(?:回答|応答) ?[ab12] ?の(?:方|ほう)が(?:良|よ|優)(?:い|れている)(?:です)?"
    r"|(?:die )?antwort [ab12] ist (?:viel |deutlich |einfach )?(?:besser|gut|die bessere|schlechter)"
    r"|la respuesta [ab12] es (?:mucho |claramente )?(?:mejor|peor|buena)"
    r"|la réponse [ab12] est (?:bien |nettement )?(?:meilleure|pire|bonne)"
    r"|ответ [ab12аб] (?:намного |явно )?(?:лучше|хуже)"
    r")[ .!。！]*"
)

# ------------------------------------------------------------------ addressed to the judge

# Letters of the tag block, which no font shows; in flags they follow a black flag.
_UNSEEN = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007e]{4}")

# Parts of a reply or of a list, which no honest item contains.
_GRAMMAR = re.compile(
    r"(?i:RESULT_(?:START|END)\b)"
    r"|(?<![^\W_])R\d+[ *_`]*@[ *_`]*S\d+"
    r"|\n[SR]\d+ ?: "
    r"|^</think>|^(?:<\|im_(?:start|end)\|>|\[/?INST\]|<<SYS>>|<\|start_header_id\|>)\s*(?:\n|system|user|assistant)",
    re.MULTILINE,
)
_IN_GRAMMAR = re.compile(r"[_@\n<\[]")


def _is_unseen(item: str) -> bool:
    return not item.isascii() and _UNSEEN.search(item) is not None


def _is_grammar(text: str) -> bool:
    # Every alternative has one of these signs, most texts have none, and a class is found faster than words.
    return _IN_GRAMMAR.search(text) is not None and _GRAMMAR.search(text) is not None


_REST = r"[^.!?\n]{0,60}"
_RULES = r"(?:instructions?|prompts?|rules?|guidelines?|rubrics?|directions|orders|criteria)"
_FULL = r"(?:1(?:\.0+)?|100 ?%|full\w*|maximum|highest|perfect\w*|top)"
_THIS = r"(?:this|the above) (?:item|reason|point|statement|claim|argument)"
_ORDERS = (
    # Ignore what was said.
    rf"(?:do not|don['’]t|stop) (?:follow|obey)(?:ing)? (?:the |any )?(?:above|these|my|your|judging|scoring) {_RULES}",
    r"(?:ignore|disregard|forget|override|bypass) (?:"
    r"(?:(?:all|any|every|the|these|those|your|my|of) ){0,3}"
    r"(?:previous|prior|above|earlier|preceding|foregoing|original|other|system|judging|scoring) (?:\w+ ){0,2}?"
    rf"(?:{_RULES}|messages?|items?|lists?|text|task|scale)(?! (?:by|of|from) the user)"
    rf"|(?:all|any|your|these|my) (?:of )?(?:the |your )?{_RULES}(?! (?:to|about|on|for|from|of|in|that|given)\b)"
    rf"|(?:the )?{_RULES}(?= ?(?:[.,;!]|and\b|above\b|before\b|$))"
    r"|(?:the )?(?:reference|human) (?:list|items?|points?)"
    r"|(?:everything|all|anything) (?:\w+ ){0,3}?(?:above|before)\b)",
    # Give the full score.
    rf"(?:give|assign|award|grant)\b{_REST}\b"
    rf"(?:an? (?:\w+ )?score|scores? of|{_FULL} (?:scores?|marks|credit|points|rating))\b",
    rf"(?:give|assign|award|grant) (?:this|it|me|every\w*|each|all|[rs]\d+)\b{_REST}\b(?:1(?:\.0+)?|100 ?%)(?![\w.])",
    rf"(?:score|rate|grade|mark) (?:this|it|me|every\w*|each|all|[rs]\d+|the (?:above|item|reason))\b{_REST}"
    rf"\b{_FULL}\b",
    rf"(?:count|treat|consider|accept|regard) (?:this|it|[rs]\d+|every\w*)\b{_REST}\b"
    r"(?:match\w*|score|full (?:marks|credit))\b",
    r"(?:output|print|write|return|reply|respond|answer|say|copy)(?: with| only| just| exactly)* (?:the |an? )?"
    r"(?:\w+ )?(?:scores? of\b|1(?:\.0)? for (?:all|every|each) (?:\w+ )?(?:items?|lines?|points?|reasons?)\b)",
    rf"(?:you|the (?:judge|evaluator|grader|scorer)|{_THIS}) "
    r"(?:must|should|shall|has to|have to|needs? to|are to|will)(?: now| always)? "
    rf"(?:ignore|disregard|(?:score|rate|give|grade|mark|assign|award|match|count|get|receive)\b{_REST}\b"
    r"(?:scores?|full (?:marks|credit|points)|[rs]\d+|1(?:\.0+)?)(?![\w.]))",
    rf"{_THIS} (?:deserves|is worth|scores|gets|receives) (?:an? |the )?(?:score|{_FULL})\b",
    rf"{_THIS} (?:fully |completely |perfectly |exactly )?(?:match(?:es)?|covers?) "
    r"(?:r\d+|(?:all|every|each)(?: of)?(?: the)? (?:reference|human) (?:items?|points?))\b",
    r"(?:final )?score ?[:=] ?(?:1(?:\.0+)?|full|perfect|100 ?%)[ .)\]]*$",
    # Take another role, read another text.
    r"you are (?:now|no longer)\b|new instructions? ?:",
    r"end of (?:the )?(?:lists?|prompt|instructions)(?= ?(?:[.:;!)\]>-]|\n|$))|the lists? ends? here\b",
    # German and Dutch.
    r"(?:ignoriere|ignorieren sie|vergiss|vergessen sie|missachte|negeer|vergeet) (?:\w+ ){0,3}?"
    r"(?:anweisung|regel|vorgabe|instruktion|instructies|regels|prompt|aufgabe)\w*",
    r"(?:gib|geben sie|vergib|vergeben sie|bewerte|bewerten sie) "
    rf"(?:diese[mnrs]?|allen?|jede[mnr]?|mir|hier)\b{_REST}\b(?:1(?:,0)?|volle\w*|punktzahl|höchst\w*|maximal\w*)(?!\w)",
    # Spanish, Portuguese, Italian, French: "ignora" says "it ignores" as well, so the object has to be ours.
    r"(?:ignor[ae]|ignorad|ignoren|olvid[ae]|olviden|esque[çc]a|dimentica|haz caso omiso de) (?:\w+ ){0,3}?"
    r"(?:instrucciones|instruções|istruzioni|indicaciones|reglas) "
    r"(?:anteriores|previas|prévias|acima|precedenti|de arriba)(?! d(?:el|o|ell?) ?(?:usuario|usuário|['’]utente))",
    r"(?:ignorez|oubliez|oublie|ne tenez pas compte de) (?:\w+ ){0,3}?(?:instructions|consignes|règles)",
    r"(?:da|dale|den|asigna|otorga|puntúa|dê|atribua|assegna|dai|donne|donnez|attribue|attribuez)\b"
    rf"(?={_REST}\b(?:1|not[ae]|scores?|puntuación|puntaje|punteggio|pontuação|m[aá]xim\w+|massim\w+)\b)"
    rf"{_REST}\b(?:a|à|para) (?:este|esta|cet|cette|questo|questa|todos los|tous les|todos os|tutti gli) "
    r"(?:elementos?|ítem|ite[mn]s?|razón|punto|éléments?|point|elementi)\b",
    # Chinese, Japanese, Korean: 忽略了 and 無視している report, they do not order.
    r"(?:请|請|务必|现在)?(?:忽略|无视|無視|忘记|忘掉|不要理会)(?!了)(?:掉)?"
    r"(?:以上|之前|前面|先前|上述|上面|你的|此前)(?:的)?(?:所有|全部|任何)?(?:的)?"
    r"(?:指令|指示|提示词|提示|说明|規則|规则|内容)",
    r"(?:请|請|务必|并)?(?:给|給|对|將|将|把)(?:予|出)?(?:这|這|本|此|该|所有)一?(?:项|項|条|條|点|點|理由|陈述)[^。.!?\n了]{0,8}"
    r"(?:满分|滿分|最高分|1 ?分|一分)",
    r"(?:以前|上記|これまで|前|今まで)の(?:すべての|全ての)?(?:指示|命令|ルール|プロンプト)を(?:すべて|全て)?"
    r"(?:(?:無視して|忘れて)(?:ください|下さい)|無視しなさい|無視せよ|無視しろ)",
    r"(?:이전|위의|위|앞의)(?: ?모든)? ?(?:지시|명령|지침|규칙)(?:사항)?[을를] ?(?:모두 )?"
    r"무시(?:하세요|하십시오|하라|해라|해 ?주세요)",
    # Russian, Polish, Turkish, Arabic, Hindi, Vietnamese, Indonesian.
    r"(?:про)?(?:игнорируй|забудь)(?:те)?\b (?:\w+ ){0,3}?(?:инструкц|указани|правил)\w*",
    rf"(?:поставь|присвой|оцени)(?:те)?\b{_REST}\b(?:1|максимальн\w*|высш\w*)\b",
    r"(?:zignoruj|ignoruj|zapomnij) (?:\w+ ){0,3}?(?:instrukcj|poleceni|zasad)\w*",
    r"önceki (?:tüm )?(?:talimat|kural)\w* (?:yoksay|görmezden gel|unut)\w*",
    r"تجاهل (?:جميع|كل) (?:التعليمات|الأوامر) (?:السابقة|أعلاه)",
    r"पिछले (?:सभी )?निर्देशों को (?:अनदेखा|नज़रअंदाज़) कर",
    r"bỏ qua (?:tất cả )?(?:các )?(?:hướng dẫn|chỉ dẫn) (?:trước|ở trên)",
    r"abaikan (?:semua )?(?:instruksi|perintah) (?:sebelumnya|di atas)",
)
# The beginning of a clause, and the polite words or pretended roles that may come before the order.
_CLAUSE = r"(?:(?:^|\n|[.!?…;] |。 ?|[!?](?=[^\x00-\x7f]))[ <>!*_#•–—(\[{-]{0,6}|[\])>}] ?(?:<!-- ?)?)"
_POSE = (
    r"(?:(?:hey|ok(?:ay)?|step \d+|please|kindly|now|so|then|also|just|simply|and|therefore|instead|important|note|"
    r"attention|warning|system|assistant|developer|instructions?|override|bitte|por favor|per favore|"
    r"s['’]il vous plaît|пожалуйста|"
    r"(?:dear |note to |to |as )?(?:the )?(?:judge|evaluator|grader|scorer|model|ai))[ ,:;!\n-]{1,4}){0,4}"
)
_ORDER = f"{_CLAUSE}{_POSE}(?:{'|'.join(_ORDERS)})"
# The end of a clause that another one follows; most items have none.
_CLAUSE_END = re.compile(r"[\n.!?…;。\])>}](?=.)", re.DOTALL)


def _is_order(text: str) -> bool:
    order = re.compile(_ORDER)  # compiled on first use, then from the module's cache
    if order.match(text):
        return True
    end = _CLAUSE_END.search(text)
    return end is not None and order.search(text, end.start()) is not None
