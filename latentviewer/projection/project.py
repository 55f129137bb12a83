"""The methods that lay out a space, as a menu and its options need them.

Only values; nothing here loads a method.
"""

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.domain.projection import Method, Parameter, Value

__all__ = ["METHODS", "Method", "Parameter", "Value", "method_named"]

_BY_NEIGHBOURS = "weighted nearest neighbours"
_SAME = "The same seed gives the same picture on this machine, whatever the number of cores."
_ANGLES = tuple(metric for metric in METRICS if metric != "dot")


def _metric(choices: tuple[str, ...] = METRICS) -> Parameter:
    return Parameter(
        "metric",
        "Distance",
        "What near means in latent space. Euclidean suits most models; cosine suits embeddings "
        "whose length carries no meaning.",
        "euclidean",
        choices=choices,
    )


def _seed(tooltip: str = "The same seed gives the same picture.") -> Parameter:
    return Parameter("seed", "Seed", tooltip, 0, lowest=0, highest=2**31 - 1)


def _neighbours(count: int, highest: int = 500) -> Parameter:
    return Parameter(
        "n_neighbors",
        "Neighbours",
        "How many neighbours each sample is tied to. Few show fine detail, many the overall shape.",
        count,
        lowest=2,
        highest=highest,
    )


def _min_dist() -> Parameter:
    return Parameter(
        "min_dist",
        "Least distance",
        "How tightly samples may lie together. Small values give dense clumps, large ones an "
        "even spread.",
        0.1,
        lowest=0.0,
        highest=1.0,
    )


def _landmarks() -> Parameter:
    return Parameter(
        "landmarks",
        "Landmarks",
        "How many samples the map is worked out from; the rest are placed by their distances to "
        "them. More are more exact and slower.",
        1_000,
        lowest=10,
        highest=10_000,
    )


PCA = Method(
    key="pca",
    title="PCA",
    description=(
        "Turns the space so that its widest directions lie along the axes, and leaves the rest "
        "out. Distances are true as far as they lie in the plane; groups that differ in other "
        "directions overlap."
    ),
    inverse="PCA, exact in the plane",
    repeatable="Always the same picture for the same latents.",
    in_child=False,
    parameters=(),
)

LDA = Method(
    key="lda",
    title="LDA",
    description=(
        "Turns the space so that labelled groups lie as far apart as they can, measured by "
        "their own spread. It shows what tells the labels apart, and nothing else."
    ),
    inverse="LDA, exact in the plane",
    repeatable="Always the same picture for the same latents and labels.",
    in_child=True,
    parameters=(
        Parameter(
            "labels",
            "Labels",
            "The column whose groups are drawn apart. Samples without a label are placed, and "
            "do not count.",
            "",
            column=True,
        ),
    ),
)

UMAP = Method(
    key="umap",
    title="UMAP",
    description=(
        "Keeps neighbours together and pulls groups apart. Who is near whom can be read from it; "
        "sizes of groups and the distances between them mean little."
    ),
    inverse=_BY_NEIGHBOURS,
    repeatable=_SAME,
    in_child=True,
    parameters=(
        _neighbours(15),
        _min_dist(),
        _metric(),
        Parameter(
            "labels",
            "Supervised by",
            "A column of labels that draws samples of a group together. The map then shows the "
            "labels too, not the latents alone.",
            "",
            may_be_none=True,
            column=True,
        ),
        Parameter(
            "n_epochs",
            "Epochs",
            "How often every tie is pulled on. More are slower and settle further.",
            None,
            lowest=1,
            highest=5_000,
            may_be_none=True,
        ),
        _seed(),
    ),
)

TSNE = Method(
    key="tsne",
    title="t-SNE",
    description=(
        "Keeps the nearest neighbours of each sample beside it, above all else. Groups are real "
        "where they are far apart; their sizes and the distances between them mean little."
    ),
    inverse=_BY_NEIGHBOURS,
    repeatable=_SAME,
    in_child=True,
    parameters=(
        Parameter(
            "perplexity",
            "Perplexity",
            "How many neighbours each sample attends to, as a soft count. Few show fine detail, "
            "many the overall shape.",
            30.0,
            lowest=2.0,
            highest=200.0,
        ),
        Parameter(
            "exaggeration",
            "Exaggeration",
            "How much more neighbours attract than they should. Above 1 groups become denser "
            "and lie farther apart.",
            1.0,
            lowest=0.5,
            highest=12.0,
        ),
        Parameter(
            "n_iter",
            "Steps",
            "How many steps it takes after the groups have formed. Automatic stops when little "
            "is gained, after 500 at most.",
            None,
            lowest=1,
            highest=10_000,
            may_be_none=True,
        ),
        Parameter(
            "learning_rate",
            "Learning rate",
            "How far a step goes. Automatic is the number of samples through the exaggeration.",
            None,
            lowest=1.0,
            highest=1e7,
            may_be_none=True,
        ),
        _metric(),
        _seed("Parts what is equal; the same seed gives the same picture."),
    ),
)

PACMAP = Method(
    key="pacmap",
    title="PaCMAP",
    description=(
        "Keeps neighbours together and, by pairs that are neither near nor far, the coarse "
        "arrangement of groups."
    ),
    inverse=_BY_NEIGHBOURS,
    repeatable=_SAME,
    in_child=True,
    parameters=(
        _neighbours(10, 200),
        Parameter(
            "mid_near",
            "Mid-near pairs",
            "Pairs that are neither near nor far, for each neighbour. More keep the overall "
            "shape better.",
            0.5,
            lowest=0.0,
            highest=10.0,
        ),
        Parameter(
            "further",
            "Further pairs",
            "Pairs that are pushed apart, for each neighbour. More leave wider gaps.",
            2.0,
            lowest=0.5,
            highest=20.0,
        ),
        Parameter(
            "local",
            "Sharper borders",
            "As LocalMAP does: neighbours that ended far apart are let go in the last phase.",
            "no",
            choices=("no", "yes"),
        ),
        _metric(_ANGLES),
        _seed(),
    ),
)

DENSMAP = Method(
    key="densmap",
    title="densMAP",
    description=(
        "UMAP that also keeps how dense a neighbourhood is: what is spread out in latent space "
        "is spread out here."
    ),
    inverse=_BY_NEIGHBOURS,
    repeatable="The same seed gives the same picture on this machine, laid out on one core.",
    in_child=True,
    parameters=(
        _neighbours(30),
        _min_dist(),
        Parameter(
            "dens_lambda",
            "Weight of density",
            "How much density counts beside neighbourhood; 0 is UMAP.",
            2.0,
            lowest=0.0,
            highest=20.0,
        ),
        _metric(_ANGLES),
        _seed(),
    ),
)

PARAMETRIC = Method(
    key="parametric",
    title="Parametric UMAP",
    description=(
        "A network learns to place latents as UMAP would, so that new samples get a place at "
        "once, and a second one learns the way back. Groups are drawn less sharply than by UMAP "
        "itself; sizes of groups and the distances between them mean little."
    ),
    inverse="parametric decoder",
    repeatable="The same seed gives the same picture on this machine and number of cores.",
    in_child=True,
    parameters=(
        _neighbours(15),
        _min_dist(),
        Parameter(
            "objective",
            "Objective",
            "What the network is taught: UMAP's ties, or t-SNE's contrasts.",
            "umap",
            choices=("umap", "tsne"),
        ),
        Parameter(
            "hidden",
            "Width",
            "How wide the network's layers are. More follow finer structure and train longer.",
            128,
            lowest=8,
            highest=1_024,
        ),
        Parameter(
            "epochs",
            "Epochs",
            "How often it sees every tie; automatic depends on the number of samples.",
            None,
            lowest=1,
            highest=1_000,
            may_be_none=True,
        ),
        _metric(_ANGLES),
        _seed(),
    ),
)

ISOMAP = Method(
    key="isomap",
    title="Isomap",
    description=(
        "Measures distances along the data, from neighbour to neighbour, and keeps those: a "
        "rolled-up sheet is unrolled."
    ),
    inverse=_BY_NEIGHBOURS,
    repeatable=_SAME,
    in_child=True,
    parameters=(_neighbours(10, 200), _landmarks(), _metric(_ANGLES), _seed()),
)

MDS = Method(
    key="mds",
    title="MDS",
    description=(
        "Keeps all distances as well as a plane can, far ones above near ones. For Euclidean "
        "distances it is PCA seen through landmarks."
    ),
    inverse="MDS, exact in the plane",
    repeatable=_SAME,
    in_child=True,
    parameters=(_landmarks(), _metric(), _seed()),
)


def _axis(name: str, default: str) -> Parameter:
    return Parameter(
        name,
        f"Axis {name}",
        "A dimension such as z 5; a direction such as mean(@A) - mean(@B); or a line such as "
        "mean(@A) -> mean(@B), which begins at 0.",
        default,
    )


AXES = Method(
    key="axes",
    title="Own axes",
    description=(
        "You say what lies along each axis: a dimension, a direction, or the line from one "
        "group to another. What is written at the axes is what they show."
    ),
    inverse="own axes, exact in the plane",
    repeatable="Always the same picture for the same axes.",
    in_child=True,
    parameters=(_axis("x", "z 0"), _axis("y", "z 1"), _axis("z", "z 2")),
)

METHODS: tuple[Method, ...] = (
    PCA, LDA, UMAP, TSNE, PACMAP, DENSMAP, PARAMETRIC, ISOMAP, MDS, AXES,
)  # fmt: skip


def method_named(key: str) -> Method:
    """The method of a short name.

    Raises:
        UserError: there is none.
    """
    for method in METHODS:
        if method.key == key:
            return method
    raise UserError(
        f"There is no projection “{key}”; there are {', '.join(m.key for m in METHODS)}."
    )
