"""Table columns and vectors as Arrow arrays and back."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Categories, Column, Numbers, Texts, categories_of

_LABEL_NAMES = frozenset(
    {"label", "labels", "class", "classes", "category", "target", "y", "cluster", "split"}
)
_MOST_CATEGORIES = 10_000
_EXACT_IN_FLOAT64 = 2**53
_WIDEST_LIST_AS_TEXT = 16


def to_arrow(column: Column) -> Any:
    """A column as a dictionary of strings, doubles or strings; missing values are null."""
    if isinstance(column, Categories):
        codes = pa.array(column.codes, pa.int32(), mask=column.codes < 0)
        return pa.DictionaryArray.from_arrays(codes, _strings(column.names))
    if isinstance(column, Numbers):
        return pa.array(column.values, pa.float64(), mask=np.isnan(column.values))
    return _strings(column.values)


def kind_of(column: Column) -> str:
    """What the metadata calls a column, so that it comes back as the same kind."""
    return {Categories: "categories", Numbers: "numbers", Texts: "texts"}[type(column)]


def encodable(text: str) -> str:
    """`text` with lone surrogates, which UTF-8 cannot hold, written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def vectors_to_arrow(vectors: Latents) -> Any:
    """(n, d) float32 as a fixed-size list; shares memory with `vectors`."""
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def from_arrow(values: Any, name: str, kind: str | None) -> Column | None:
    """A column of any Arrow type as one of ours.

    Args:
        values: a chunked array.
        name: of the column; whole numbers under a name such as `label` are categories.
        kind: what `kind_of` said when it was written, or None for a foreign file.

    Returns:
        The column, or None where it holds bytes, or lists that are too wide for a table.
    """
    values = _storage(values)
    of_type = values.type
    if pa.types.is_dictionary(of_type):
        column = _from_dictionary(values)
        return column if column is not None else from_arrow(_decoded(values), name, kind)
    if pa.types.is_null(of_type):
        return Categories(np.full(len(values), -1, np.int32), ())
    if pa.types.is_boolean(of_type):
        codes = values.cast(pa.int32()).fill_null(-1).to_numpy()
        return Categories(np.array(codes, np.int32), ("false", "true"))
    labels = kind is None and name.casefold() in _LABEL_NAMES
    if pa.types.is_integer(of_type):
        return _from_integers(values, labels)
    if pa.types.is_floating(of_type) or pa.types.is_decimal(of_type):
        return _from_floats(values, labels)
    if is_text(of_type):
        return _from_texts(values, labels, kind)
    if _holds_bytes(of_type) or (is_vector(of_type) and _width(values) > _WIDEST_LIST_AS_TEXT):
        return None
    return Texts(tuple("" if v is None else str(v) for v in values.to_pylist()))


def is_vector(of_type: Any) -> bool:
    """Whether a type is a list of numbers, of fixed or varying length."""
    if isinstance(of_type, pa.BaseExtensionType):
        return is_vector(of_type.storage_type)
    lists = (
        pa.types.is_fixed_size_list(of_type)
        or pa.types.is_list(of_type)
        or pa.types.is_large_list(of_type)
    )
    return bool(lists) and bool(
        pa.types.is_floating(of_type.value_type) or pa.types.is_integer(of_type.value_type)
    )


def _holds_bytes(of_type: Any) -> bool:
    if pa.types.is_struct(of_type):
        return any(_holds_bytes(of_type.field(i).type) for i in range(of_type.num_fields))
    return bool(
        pa.types.is_binary(of_type)
        or pa.types.is_large_binary(of_type)
        or pa.types.is_fixed_size_binary(of_type)
    )


def is_text(of_type: Any) -> bool:
    """Whether a type is a string, however stored."""
    return bool(
        pa.types.is_string(of_type)
        or pa.types.is_large_string(of_type)
        or pa.types.is_string_view(of_type)
    )


def vectors_from_arrow(values: Any, where: str) -> Latents:
    """A column of lists as (n, d) float32; a view of the file where its layout allows.

    Args:
        values: a chunked array for which `is_vector` holds.
        where: file and column, for the sentence of a refusal.

    Raises:
        UserError: a row without a vector, vectors of different lengths, no dimensions.
    """
    values = _storage(values)
    if values.null_count:
        row = pc.index(values.is_null(), True).as_py()
        raise UserError(f"{where}: row {row} has no vector; remove such rows and write it again.")
    if len(values) == 0 and not pa.types.is_fixed_size_list(values.type):
        raise UserError(f"{where} has no rows, so its number of dimensions is not known.")
    width = _width(values)
    if not pa.types.is_fixed_size_list(values.type):
        lengths = values.combine_chunks().value_lengths().to_numpy(zero_copy_only=False)
        different = np.flatnonzero(lengths != width)
        if different.size:
            row = int(different[0])
            raise UserError(
                f"{where}: row {row} has {int(lengths[row])} values, row 0 has {width}; "
                "all latents must have the same length."
            )
    parts = [_flat(chunk, where).reshape(-1, width) for chunk in values.chunks if len(chunk)]
    if not parts:
        return np.zeros((0, width), np.float32)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _flat(chunk: Any, where: str) -> NDArray[np.float32]:
    flat = chunk.flatten()
    if flat.null_count:
        raise UserError(f"{where} has missing values in its vectors; fill or remove those rows.")
    numbers = flat.to_numpy(zero_copy_only=False)
    if numbers.dtype == np.float32:
        return numbers  # type: ignore[no-any-return]
    with np.errstate(over="ignore"):
        values: NDArray[np.float32] = numbers.astype(np.float32)
    check_range(numbers, values, where)
    return values


def check_range(given: NDArray[Any], values: NDArray[np.float32], where: str) -> None:
    """Refuses numbers that became infinite as float32.

    Raises:
        UserError: says so, for “infinite” alone would not be found in the file.
    """
    if given.dtype.kind != "f" or given.dtype.itemsize <= 4:
        return
    lost = np.isinf(values) & np.isfinite(given)
    if lost.any():
        raise UserError(
            f"{where} holds {given[lost][0]:.3g}, which is too large for float32 "
            f"(at most {np.finfo(np.float32).max:.2g}); scale the latents down."
        )


def _width(values: Any) -> int:
    if pa.types.is_fixed_size_list(values.type):
        return int(values.type.list_size)
    present = values.drop_null()
    return len(present[0]) if len(present) else 0


def _storage(values: Any) -> Any:
    if not isinstance(values.type, pa.BaseExtensionType):
        return values
    storage_type = values.type.storage_type
    return pa.chunked_array([chunk.storage for chunk in values.chunks], storage_type)


def _decoded(values: Any) -> Any:
    return pa.chunked_array([c.dictionary_decode() for c in values.chunks], values.type.value_type)


def _from_dictionary(values: Any) -> Categories | None:
    if not is_text(values.type.value_type):
        return None
    joined = values.unify_dictionaries().combine_chunks()
    if isinstance(joined, pa.ChunkedArray):
        if joined.num_chunks == 0:
            return Categories(np.zeros(0, np.int32), ())
        joined = joined.chunk(0)
    names = joined.dictionary.to_pylist()
    if None in names:
        return None
    codes = joined.indices.cast(pa.int32()).fill_null(-1).to_numpy(zero_copy_only=False)
    return Categories(np.array(codes, np.int32), tuple(names))


def _from_integers(values: Any, labels: bool) -> Column:
    if labels and not values.null_count:
        return categories_of(values.to_numpy())
    if labels:
        return categories_of(_objects(values.to_pylist()))
    present = values.drop_null()
    if len(present):
        extremes = pc.min_max(present).as_py()
        if max(abs(extremes["min"]), abs(extremes["max"])) > _EXACT_IN_FLOAT64:
            return Texts(tuple("" if v is None else str(v) for v in values.to_pylist()))
    return Numbers(_floats(values))


def _from_floats(values: Any, labels: bool) -> Column:
    numbers = _floats(values)
    present = numbers[~np.isnan(numbers)]
    if labels and np.isfinite(present).all() and (present == np.rint(present)).all():
        return categories_of(_objects([None if v != v else int(v) for v in numbers.tolist()]))
    return Numbers(numbers)


def _floats(values: Any) -> NDArray[np.float64]:
    doubles = values.cast(pa.float64(), safe=False).to_numpy()
    return np.array(doubles, np.float64)


def _from_texts(values: Any, labels: bool, kind: str | None) -> Column:
    if kind is None:
        encoded = pa.chunked_array(values.cast(pa.large_string())).combine_chunks()
        encoded = encoded.dictionary_encode()
        distinct = len(encoded.dictionary)
        if labels or distinct <= min(_MOST_CATEGORIES, len(values) // 2):
            named = categories_of(_objects(encoded.dictionary.to_pylist()))
            codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            # The entry past the end stands for a missing label, whose code is -1.
            lookup = np.append(named.codes, np.int32(-1))
            return Categories(lookup[codes].astype(np.int32), named.names)
    return Texts(tuple(v or "" for v in values.to_pylist()))


def _strings(texts: Sequence[str]) -> Any:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        return pa.array([encodable(t) for t in texts], pa.string())


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    # As objects, because numpy's own strings drop NUL characters at their end.
    array = np.empty(len(values), object)
    array[:] = values
    return array
