/// The known name that a mistyped one probably means, nil when none is near.
///
/// Distance is the number of letters inserted, dropped, changed or swapped with their neighbour; at most a third of the
/// longer name, and at least one, may differ. Case does not count. O(names × length²), names over 64 bytes match nothing.
package func nearestName(to name: String, among known: [String]) -> String? {
  let wanted = Array(name.utf8).map(lowercase)
  guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
  var best: (name: String, distance: Int)?
  for candidate in known {
    let letters = Array(candidate.utf8).map(lowercase)
    guard letters.count <= 64 else { continue }
    let distance = editDistance(wanted, letters)
    if distance <= max(1, max(wanted.count, letters.count) / 3), distance < best?.distance ?? .max {
      best = (candidate, distance)
    }
  }
  return best?.name
}

private func lowercase(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

/// Edits that turn one name into the other (optimal string alignment), row by row.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var beforePrevious = [Int](repeating: 0, count: b.count + 1)
  var previous = Array(0...b.count)
  var current = previous
  for i in a.indices {
    current[0] = i + 1
    for j in b.indices {
      let substitution = previous[j] + (a[i] == b[j] ? 0 : 1)
      var least = min(substitution, previous[j + 1] + 1, current[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, beforePrevious[j - 1] + 1) }
      current[j + 1] = least
    }
    (beforePrevious, previous, current) = (previous, current, beforePrevious)
  }
  return previous[b.count]
}
