import Support

/// Which table a database is, and how its columns are called.
package struct PgvectorSettings: Sendable {
  /// Option "schema"; nil = the first of the session's search path.
  package var schema: ByteString?
  /// Option "table_name".
  package var table: ByteString
  /// Option "id_column".
  package var idColumn: ByteString = "id"
  /// Option "vector_column".
  package var vectorColumn: ByteString = "embedding"
  /// Option "metadata_column", a `jsonb`. An existing table may have none.
  package var metadataColumn: ByteString = "metadata"
  /// Option "namespace_column". An existing table may have none, and has the one namespace then.
  package var namespaceColumn: ByteString = PgvectorSettings.reservedNamespaceColumn
  /// Option "id_type"; nil = that of an existing table, text for a new one.
  package var idType: PgvectorIDType?
  /// Option "metadata_index": whether a new table gets an index that filters for equality can use. Default true.
  package var hasMetadataIndex = true

  package static let reservedNamespaceColumn: ByteString = "_vdb_ns"

  package init(table: ByteString) { self.table = table }
}
