"""Names that laboratories, data sets and tools give to the classes of cells, and the class that each means.

Names are compared by meaning: case, accents, plurals, and whatever separates words make no difference. The
abbreviations are those of the public sets of Acevedo et al. 2020 (doi:10.1016/j.dib.2020.105474) and Matek et al. 2021
(doi:10.1182/blood.2020010568), and of BCCD; stages of rare cells are named as in the smears of children with leukaemia
in the Imaging Data Commons (doi:10.5281/zenodo.14933087). Eosinophils and basophils are one class each, whatever their
stage, and promonocytes are blasts, as ICSH and WHO count them.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_SYNONYMS: Mapping[str, str] = {
    "blast": "blast cell, myeloblast, lymphoblast, monoblast, leukaemic blast, leukemic blast, unknown blast, "
    "lymphocytic blast, monocytic blast, myelocytic blast, lymphoid precursor cell, myeloid precursor cell, "
    "promonocyte, BLA, MYO, MOB",
    "promyelocyte": "progranulocyte, PMO, PMY",
    "myelocyte": "neutrophilic myelocyte, degranulated neutrophilic myelocyte, MYB, MY",
    "metamyelocyte": "neutrophilic metamyelocyte, degranulated neutrophilic metamyelocyte, juvenile neutrophil, "
    "MMZ, MMY",
    "band_neutrophil": "band, band cell, band form, banded neutrophil, neutrophil band, neutrophilic band, stab cell, "
    "rod neutrophil, non segmented neutrophil, unsegmented neutrophil, NGB, BNE",
    "segmented_neutrophil": "segmented, segmented granulocyte, segmented cell, neutrophil segmented, segmented form, "
    "seg, seg neutrophil, mature neutrophil, polymorphonuclear, polymorphonuclear neutrophil, polymorph, PMN, NGS, SNE",
    "neutrophil": "neutrophil granulocyte, neutrophilic granulocyte, neut, NEU",
    "granulocyte": "gran",
    "eosinophil": "eosinophil granulocyte, eosinophilic granulocyte, segmented eosinophil, eosinophilic band, "
    "eosinophilic metamyelocyte, eosinophilic myelocyte, eos, EO",
    "basophil": "basophil granulocyte, basophilic granulocyte, segmented basophil, basophilic band, "
    "basophilic metamyelocyte, basophilic myelocyte, baso, BAS, BA",
    "monocyte": "immature monocyte, mono, MON, MO",
    "erythroblast": "normoblast, nucleated red blood cell, nucleated red cell, nucleated erythrocyte, NRBC, "
    "proerythroblast, pronormoblast, basophilic erythroblast, polychromatic erythroblast, orthochromatic erythroblast, "
    "orthochromic erythroblast, polychromatophilic erythroblast, basophilic normoblast, polychromatic normoblast, "
    "orthochromatic normoblast, EBO, ERB, PEB",
    "lymphocyte": "lymph, lymphoid cell, small lymphocyte, large lymphocyte, atypical lymphocyte, reactive lymphocyte, "
    "variant lymphocyte, large granular lymphocyte, prolymphocyte, lymphoidocyte, LYM, LYT, LY",
    "plasma_cell": "plasmocyte, plasmacyte, plasma, PLM",
    "megakaryocyte": "promegakaryocyte, micromegakaryocyte, mega, MGK",
    "mast_cell": "mastocyte, tissue basophil",
    "macrophage": "histiocyte, pseudo gaucher cell, gaucher like cell, phagocytosis",
    "other": "other cell, others, mitosis, mitotic cell, OTH",
    "unclassifiable": "unclassified, unclassified cell, unknown, unknown cell, unidentified, not identifiable, NIF, "
    "nucleus, nucleated cell, smudge cell, damaged cell, neutrophil extracellular trap, no consensus found, "
    "haematological structure, structure of haematological system",
    "WBC": "white blood cell, white cell, white corpuscle, leukocyte, leucocyte",
    "erythrocyte": "RBC, red blood cell, red cell, red corpuscle, mature erythrocyte, normocyte",
    "platelet": "thrombocyte, PLT, giant platelet, large platelet, blood platelet, platelet clump, "
    "thrombocyte aggregate, platelet aggregation",
}

_BETWEEN_WORDS = re.compile(r"[\W_]+")


def spelling(name: str) -> str:
    """Return a name without case, accents, separators and plurals: equal for names that differ by nothing else."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    words = _BETWEEN_WORDS.sub(" ", "".join(sign for sign in plain if not unicodedata.combining(sign))).split()
    return "".join(word.removesuffix("s") for word in words)


_MEANINGS = {spelling(name): meant for meant, names in _SYNONYMS.items() for name in (meant, *names.split(", "))}


@lru_cache(maxsize=4096)
def meaning(name: str) -> str | None:
    """Return the class of cells that a name means, as `records.taxonomy` spells it; None if that is not known."""
    return _MEANINGS.get(spelling(name))
