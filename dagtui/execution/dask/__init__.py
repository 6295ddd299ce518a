"""The executor of Dask clusters. Nothing here but `executor` may be imported without the package distributed."""
