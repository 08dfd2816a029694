"""Who writes to the simulated inbox: small pools, written by hand, in many scripts."""

from dataclasses import dataclass
from random import Random

BROWSING = ("Hello", "👍", "ok", "?", "🙏🙏", "<script>alert(1)</script>", "{{7*7}}")
TAGS = ("hot", "newsletter", "price list", "Instagram", "fair 2026", "VIP ⭐", "call back")
BUDGETS = ("< 500", "1.000 – 5.000 €", "₹50,000", "no idea", "10k+")
NOTES = (
    ("Called", "Nobody answered, trying again after lunch."),
    ("Wants an offer", 'Two rooms & a "sea view", <b>not</b> the cheap ones'),
    ("Rückruf", "Ab 17 Uhr erreichbar 📞"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A salesperson whose id stands in ``_agentAssigned``."""

    id: str
    name: str


AGENTS = (
    Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao"),
    Agent(id="631aa7b1bcfa100487d13d21", name="Ingrid Sørensen"),
    Agent(id="631aa7c8bcfa100487d13d35", name="Miguel Ángel Pérez"),
    Agent(id="631aa7e0bcfa100487d13d49", name="Tom O'Neill"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A country as its visitors see it; ``people`` are (name, mail name, gender)."""

    country: str
    prefix: str
    digits: int
    cities: tuple[str, ...]
    people: tuple[tuple[str, str, str], ...]
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One visitor; ``prefix`` has no ``+``."""

    name: str
    gender: str
    email: str
    prefix: str
    number: str
    city: str
    country: str


PLACES = (
    Place(
        country="India",
        prefix="91",
        digits=10,
        cities=("मुंबई", "Pune", "नई दिल्ली", "Bengaluru"),
        people=(
            ("आशा राव", "asha.rao", "FEMALE"),
            ("राहुल शर्मा", "rahul.sharma", "MALE"),
            ("Priya Nair", "priya.nair", "FEMALE"),
            ("Arjun Mehta & Sons", "arjun.mehta", "MALE"),
        ),
        messages=(
            "नमस्ते 🙏 क्या आप कीमत बता सकते हैं?",
            "मुझे कल सुबह कॉल करें, धन्यवाद",
            "Is EMI available? My budget is < ₹50,000",
        ),
    ),
    Place(
        country="United Arab Emirates",
        prefix="971",
        digits=9,
        cities=("دبي", "أبو ظبي", "Sharjah"),
        people=(
            ("فاطمة الزهراء", "fatima.zahra", "FEMALE"),
            ("محمد بن علي", "mohammed.ali", "MALE"),
            ("Layla Haddad", "layla.haddad", "FEMALE"),
        ),
        messages=(
            "مرحبا، هل هذا المنتج متوفر؟",
            "كم السعر مع التوصيل إلى دبي؟ 🚚",
            "شكرا جزيلا 🌹",
        ),
    ),
    Place(
        country="Norway",
        prefix="47",
        digits=8,
        cities=("Tromsø", "Ålesund", "Oslo"),
        people=(
            ("Bjørn Ødegård", "bjorn.odegard", "MALE"),
            ("Åse Kjærstad", "ase.kjarstad", "FEMALE"),
            ("Sigrid Nygård", "sigrid.nygard", "FEMALE"),
        ),
        messages=(
            "Hei! Har dere åpent på lørdag?",
            "Kan jeg få et tilbud på «store pakken»?",
            "Takk, det høres kjempebra ut 😀",
        ),
    ),
    Place(
        country="Japan",
        prefix="81",
        digits=10,
        cities=("東京", "大阪市", "札幌"),
        people=(
            ("佐藤 花子", "hanako.sato", "FEMALE"),
            ("鈴木 一郎", "ichiro.suzuki", "MALE"),
            ("髙橋さくら🌸", "sakura.takahashi", "FEMALE"),
        ),
        messages=(
            "はじめまして。見積もりをお願いできますか?",
            "来週の火曜日は空いていますか?",
            "ありがとうございます(^_^)/",
        ),
    ),
    Place(
        country="Mexico",
        prefix="52",
        digits=10,
        cities=("Ciudad de México", "Mérida", "León"),
        people=(
            ("José Núñez", "jose.nunez", "MALE"),
            ("María de los Ángeles Peña", "maria.pena", "FEMALE"),
            ("Lucía Ibáñez", "lucia.ibanez", "FEMALE"),
        ),
        messages=(
            "¡Hola! ¿Cuánto cuesta el envío a Mérida?",
            "Quiero el plan «Pro», ¿aceptan transferencia?",
            "Mañana les llamo 📱",
        ),
    ),
    Place(
        country="Brazil",
        prefix="55",
        digits=11,
        cities=("São Paulo", "Brasília", "Florianópolis"),
        people=(
            ("João Gonçalves", "joao.goncalves", "MALE"),
            ("Conceição Araújo", "conceicao.araujo", "FEMALE"),
            ("Antônio D'Ávila", "antonio.davila", "MALE"),
        ),
        messages=(
            "Bom dia! Vocês têm promoção para dois?",
            "Não recebi o e-mail, pode reenviar?",
            "Perfeito 👏👏 muito obrigado",
        ),
    ),
    Place(
        country="Germany",
        prefix="49",
        digits=11,
        cities=("Köln", "München", "Gießen"),
        people=(
            ("Jürgen Weiß", "juergen.weiss", "MALE"),
            ("Käthe Müller-Lüdenscheidt", "kaethe.mueller", "FEMALE"),
            ("Sören Groß", "soeren.gross", "MALE"),
        ),
        messages=(
            "Guten Tag, können Sie mich bitte zurückrufen?",
            "Was kostet das für 3 Personen inkl. Frühstück?",
            "Danke für die schnelle Antwort!",
        ),
    ),
    Place(
        country="United Kingdom",
        prefix="44",
        digits=10,
        cities=("London", "St Ives", "Newcastle upon Tyne"),
        people=(
            ("Siobhan O'Connor", "siobhan.oconnor", "FEMALE"),
            ('William "Bill" Smith', "bill.smith", "MALE"),
            ("<b>Dave</b> & Co", "dave", "MALE"),
        ),
        messages=(
            "Hi, do you ship to the Isle of Wight?",
            'Your page says "from £20" & then <i>£35</i>?',
            "Brilliant, thanks! 🎉",
        ),
    ),
)


def person(rng: Random) -> tuple[Person, Place]:
    """Return a visitor and the place whose messages they write."""
    place = rng.choice(PLACES)
    name, mail_name, gender = rng.choice(place.people)
    visitor = Person(
        name=name,
        gender=gender,
        email=f"{mail_name}{rng.randrange(1000)}@example.com",
        prefix=place.prefix,
        number=str(rng.randrange(10 ** (place.digits - 1), 10**place.digits)),
        city=rng.choice(place.cities),
        country=place.country,
    )
    return visitor, place
