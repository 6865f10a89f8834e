import CLibraries
import Support

/// Headers in the form that libcurl takes, kept for the requests that have the same ones.
final class HTTPHeaderList {
  let lines: UnsafeMutablePointer<curl_slist>
  private let headers: [(name: String, value: String)]

  /// nil when out of memory. The headers have no `problem`.
  ///
  /// Those that all requests to the endpoint have stand among them: libcurl would write its own anew for each request.
  init?(_ headers: [(name: String, value: String)], for endpoint: HTTPEndpoint) {
    // libcurl would announce a long body and wait a second for a server that does not know that, and give a body without a
    // type the one of a form.
    var texts = ["Expect:"]
    let names = headers.map { $0.name.lowercased() }
    if !names.contains("user-agent") { texts.append("User-Agent: \(endpoint.userAgent)") }
    if endpoint.acceptsCompressed, !names.contains("accept-encoding") { texts.append("Accept-Encoding: gzip") }
    for (name, value) in headers { texts.append(value.isEmpty ? "\(name);" : "\(name): \(value)") }
    if !names.contains("content-type") { texts.append("Content-Type:") }
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
      && zip(headers, others).allSatisfy { $0.name.hasBytes(of: $1.name) && $0.value.hasBytes(of: $1.value) }
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

extension String {
  /// Whether another text is made of the same bytes: `==` also holds for texts that merely look the same.
  func hasBytes(of other: String) -> Bool {
    utf8.count == other.utf8.count
      && withBytes(of: self) { own in withBytes(of: other) { compareBytes(own, $0) == 0 } }
  }
}

/// Lends the bytes of a text out, which is copied where they do not lie in one piece.
private func withBytes<Result>(of text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
  var text = text
  return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
}
