/// Records to write, checked: ids are valid, vectors finite and of the right dimension, no id comes twice.
///
/// Ids and vectors are borrowed from the caller for one call; metadata has been parsed and is owned.
package struct RecordBatch: Sendable {
  package let ids: PackedStrings
  package let vectors: VectorRows
  package let metadata: MetadataBatch
  /// Indexes, ascending, of the items to write when ids repeat (the last of each wins); nil when none repeats.
  package let selection: [Int]?

  package init(ids: PackedStrings, vectors: VectorRows, metadata: MetadataBatch, selection: [Int]?) {
    self.ids = ids
    self.vectors = vectors
    self.metadata = metadata
    self.selection = selection
  }
}
