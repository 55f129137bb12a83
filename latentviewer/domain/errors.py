"""What can go wrong in a way the user can mend."""


class UserError(Exception):
    """A refusal in one plain sentence that names the thing, the place and the mend.

    The window shows the sentence as it stands; the command line prints it on one
    line and exits with 2.
    """


class UnsafeFileError(UserError):
    """A file that could run code when opened; the command line exits with 3."""


class ExpressionError(UserError):
    """A fault in a latent expression.

    Attributes:
        position: offset of the character at fault, from 0; may equal the text's
            length where something is missing at its end.
    """

    def __init__(self, sentence: str, position: int) -> None:
        super().__init__(sentence)
        self.position = position


class DataNotHereError(UserError):
    """A known data set that is not on this machine; the sentence says how to get it."""


class DataSetFoundError(UserError):
    """A data set was opened as a space; a model has to encode it first.

    Attributes:
        reference: the data set.
    """

    def __init__(self, sentence: str, reference: str) -> None:
        super().__init__(sentence)
        self.reference = reference


class UnfinishedRunError(UserError):
    """An unfinished training run that cannot be gone on with; starting afresh mends it."""


class CancelledError(Exception):
    """Work was stopped because the user asked for it; never shown as a fault."""
