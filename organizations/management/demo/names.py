"""Who works at acme. Usernames are ASCII; the names behind them come from everywhere."""

# Besides alice, bob, carol and erik, who have parts of their own in the story.
COLLEAGUES = [
    "adaeze.okonkwo",
    "ahmed_elsayed",
    "anh.nguyen",
    "anna-maria.lindqvist",
    "ayse.yilmaz",
    "bjoern.aasen",
    "chen-wei",
    "dmitri.volkov",
    "elif",
    "fatima.zahra",
    "giulia.ferrari",
    "haruto.sato",
    "ines.carvalho",
    "ivan-horvat",
    "jean-luc.moreau",
    "ji-woo.kim",
    "joao.pereira",
    "kasia.wisniewska",
    "kofi-mensah",
    "lakshmi.narayanan",
    "leila.rahimi",
    "liam_oconnor",
    "maria-del-carmen.fernandez-de-la-vega.42",  # as long as a name can be
    "mateo.garcia",
    "mei-ling.zhou",
    "mo",
    "nadia.haddad",
    "olena.shevchenko",
    "oluwaseun",
    "priya-raghunathan",
    "rajesh.kumar",
    "sofia.papadopoulou",
    "svetlana.ivanova",
    "tariq.mahmood",
    "ursula.von-arx",
    "yuki.tanaka",
]
# They have put two-factor off since the day on which acme began to require it, as bob has.
LATE = ["ivan-horvat", "mo", "nadia.haddad"]
# Numbers that are reserved for stories.
TEXTED = {"carol": "+12025550143", "giulia.ferrari": "+12025550117", "kofi-mensah": "+12025550164"}
