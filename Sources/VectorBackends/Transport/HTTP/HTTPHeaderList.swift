import CLibraries

/// Headers in the form that libcurl takes, kept for the requests that have the same ones.
final class HTTPHeaderList {
  let lines: UnsafeMutablePointer<curl_slist>
  private let headers: [(name: String, value: String)]

  /// nil when out of memory. The headers have no `problem`.
  init?(_ headers: [(name: String, value: String)]) {
    // libcurl would announce a long body and wait a second for a server that does not know that, and give a body without a
    // type the one of a form.
    var texts = ["Expect:"]
    var hasType = false
    for (name, value) in headers {
      if name.lowercased() == "content-type" { hasType = true }
      texts.append(value.isEmpty ? "\(name);" : "\(name): \(value)")
    }
    if !hasType { texts.append("Content-Type:") }
    var list: UnsafeMutablePointer<curl_slist>?
    for text in texts {
      guard let longer = vdb_curl_slist_append(list, text) else {
        vdb_curl_slist_free_all(list)
        return nil
      }
      list = longer
    }
    guard let list else { return nil }
    lines = list
    self.headers = headers
  }

  deinit { vdb_curl_slist_free_all(lines) }

  /// Whether it is made of these, byte by byte.
  func holds(_ others: [(name: String, value: String)]) -> Bool {
    headers.count == others.count
      && zip(headers, others).allSatisfy {
        $0.name.utf8.elementsEqual($1.name.utf8) && $0.value.utf8.elementsEqual($1.value.utf8)
      }
  }

  /// What is wrong with headers that cannot be sent; nil when they are fine.
  static func problem(with headers: [(name: String, value: String)]) -> String? {
    for (name, value) in headers
    where name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x3A }) || value.utf8.contains(where: endsLine) {
      return "the header \(name) has a line end or NUL in it"
    }
    return nil
  }

  private static func endsLine(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0 }
}
