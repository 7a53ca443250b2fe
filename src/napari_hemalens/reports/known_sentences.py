"""What other modules call classes and say in sentences, listed to be translated in reports.

Names in braces stand for numbers, classes and names. What is not listed appears in English.
"""

from collections.abc import Mapping


def N_(text: str) -> str:  # noqa: N802 -- gettext's name for a text that is translated where it is shown
    """Mark a text for translation."""
    return text


CLASS_TITLES: Mapping[str, str] = {
    "blast": N_("blast"),
    "promyelocyte": N_("promyelocyte"),
    "myelocyte": N_("myelocyte"),
    "metamyelocyte": N_("metamyelocyte"),
    "band_neutrophil": N_("band neutrophil"),
    "segmented_neutrophil": N_("segmented neutrophil"),
    "eosinophil": N_("eosinophil"),
    "basophil": N_("basophil"),
    "monocyte": N_("monocyte"),
    "erythroblast": N_("erythroblast"),
    "lymphocyte": N_("lymphocyte"),
    "plasma_cell": N_("plasma cell"),
    "megakaryocyte": N_("megakaryocyte"),
    "mast_cell": N_("mast cell"),
    "macrophage": N_("macrophage"),
    "other": N_("other cell"),
    "unclassifiable": N_("unclassifiable"),
    "erythrocyte": N_("erythrocyte"),
    "platelet": N_("platelet"),
    "granulocyte": N_("granulocyte"),
    "neutrophil": N_("neutrophil"),
    "WBC": N_("leukocyte"),
    "normal": N_("normal cell"),
    "micronucleus": N_("with micronucleus"),
    "none": N_("without micronucleus"),
    "benign": N_("benign"),
    "early": N_("early pre-B stage"),
    "pre": N_("pre-B stage"),
    "pro": N_("pro-B stage"),
}
"""What each class is called in a report."""

_OF_IMAGES = (
    N_(
        "Dark ground, as of fluorescence: these weights know only stained cells on a bright ground, so do not use "
        "this count; nuclei are for Classify cells."
    ),
    N_(
        "Dark ground, as of fluorescence: the weights {weights} know only stained cells on a bright ground, so do not "
        "rely on what they take cells for; choose weights that learned from fluorescence."
    ),
    N_(
        "Blank: all that was looked at is of one colour, so there is nothing to count; see whether this is the right "
        "image, frame or channel."
    ),
    N_("Grey image: these weights need the colours of the stain, so take or open it in colour."),
    N_(
        "Looks like a tissue section (H&E): these weights know only smears, so do not use this count; train "
        "weights for sections with the recipe histology."
    ),
    N_("Pixel size unknown: no red cells show it, so {size} µm was taken; give the right one."),
    N_("Pixel size doubtful: {size} µm was estimated from fewer than {few} whole red cells; give the right one."),
    N_(
        "Pixel size doubtful: at {size} µm red cells would be {across} µm across in place of {usual}; "
        "about {better} µm fits."
    ),
    N_(
        "Low magnification: {size} µm a pixel is too coarse to name cells by; take the image with a stronger "
        "objective, below {coarse} µm a pixel."
    ),
    N_(
        "Few red cells among the nucleated ones: these weights learned from smears that are full of them, so look at "
        "the cells before you use this count."
    ),
    N_(
        "Out of focus: granulocytes are then named erythroblasts; choose the weights {weights}, or take the image "
        "again."
    ),
    N_("Out of focus: granulocytes are then named erythroblasts; take the image again."),
    N_(
        "Overexposed: monocytes and pale red cells are then lost; take the image again with less light, or choose the "
        "weights {weights}."
    ),
    N_("Overexposed: monocytes and pale red cells are then lost; take the image again with less light."),
)

_MEASURES = (
    N_("cells"),
    N_("fields"),
    N_("nuclei"),
    N_("{name}, per cent"),
    N_("micronucleated nuclei"),
    N_("micronucleated nuclei per 1,000"),
    N_("mononucleated cells"),
    N_("binucleated cells"),
    N_("multinucleated cells"),
    N_("cytokinesis-block proliferation index"),
    N_("micronucleated binucleated cells"),
    N_("micronucleated binucleated cells per 1,000"),
    N_("binucleated cells of the 2,000 asked for"),
    N_("micronucleated mononucleated cells per 1,000"),
    N_("cells with 1 micronucleus"),
    N_("nuclei with 1 micronucleus"),
    N_("cells with 1 micronucleated nucleus"),
    N_("nuclei with 1 micronucleated nucleus"),
    N_("cells with {number} micronuclei"),
    N_("nuclei with {number} micronuclei"),
    N_("cells with {number} micronucleated nuclei"),
    N_("nuclei with {number} micronucleated nuclei"),
    N_("3 or more"),
)

_OF_ASSAYS = (
    N_(
        "The unit is the nucleus: these figures cannot be compared with the {asked} binucleated cells that OECD TG 487 "
        "asks for; that needs cells."
    ),
    N_("OECD TG 487 asks for {asked} binucleated cells per concentration."),
    N_("Micronuclei were not counted individually: each nucleus counts as with or without."),
    N_("1 nucleus lies in no cell and is not counted."),
    N_("{n} nuclei lie in no cell and are not counted."),
    N_("1 class was given by a person."),
    N_("{n} classes were given by a person."),
    N_(
        "{what}: {a} of {b} in {control}, {c} of {d} in {group}; odds ratio {ratio} ({over} over {under}), Fisher's "
        "exact test, two-sided, p {p}. The test assumes that cells are independent, which cells of one culture are "
        "not: compare the replicates too."
    ),
    N_("Micronucleated nuclei"),
    N_("Micronucleated binucleated cells"),
    N_("not defined"),
    N_("= {value}"),
    N_("< {value}"),
)

_OF_GROUPS = (
    N_("Groups are not compared: {there}; the column group of the table of slides says which there are."),
    N_("the only group is {group}"),
    N_("no slide has a group"),
    N_("Groups are not compared: there are {n} ({groups}); name two of them."),
    N_("Groups are not compared: {group} would be compared with itself."),
    N_(
        "Groups are not compared: patient {patient} is in both {control} and {group}, and these tests are for "
        "different patients."
    ),
    N_(
        "Groups are not compared: {group} has {n} patient with cells, and {fewest} in each group are the fewest that "
        "can be compared."
    ),
    N_(
        "Groups are not compared: {group} has {n} patients with cells, and {fewest} in each group are the fewest that "
        "can be compared."
    ),
    N_("1 slide without a patient: left out of patients and of the comparison."),
    N_("{n} slides without a patient: left out of patients and of the comparison."),
    N_("1 slide without a group: left out of groups and of the comparison."),
    N_("{n} slides without a group: left out of groups and of the comparison."),
    N_("1 patient without a counted cell, not compared: {names}."),
    N_("{n} patients without a counted cell, not compared: {names}."),
    N_("1 slide has no results in {run}: {names}."),
    N_("{n} slides have no results in {run}: {names}."),
    N_(
        "Fisher's exact test, two-sided, compares all cells of {group} with all cells of {control}. It takes cells "
        "for independent, which cells of one patient are not, so its p is too small where patients differ."
    ),
    N_(
        "Mann and Whitney's test, two-sided, compares the shares of {n} patients with those of {m}: a patient counts "
        "once, with however many cells."
    ),
    N_(
        "p values are adjusted for the 1 class compared, for each test apart, by the procedure of Benjamini and "
        "Hochberg, which limits the rate of false discoveries."
    ),
    N_(
        "p values are adjusted for the {n} classes compared, for each test apart, by the procedure of Benjamini and "
        "Hochberg, which limits the rate of false discoveries."
    ),
    N_("With {n} and {m} patients, p of Mann and Whitney's test is never below {p}."),
    N_("Of two classes, '{name}' is compared: the share of the other is what is left."),
)

# Of several images, a note says of how many.
_OF_SEVERAL = (N_("{note} ({n} of {total} images: {names})"),)

SENTENCES: tuple[str, ...] = (*_OF_SEVERAL, *_OF_IMAGES, *_MEASURES, *_OF_ASSAYS, *_OF_GROUPS)
"""What is said elsewhere; of two that fit, the first is meant."""
