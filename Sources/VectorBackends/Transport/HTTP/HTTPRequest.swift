/// One request, as it goes out.
package struct HTTPRequest {
  package var method: HTTPMethod
  /// With the query, percent-encoded, beginning with a slash; put behind the endpoint's base path.
  package var path: String
  /// Values hold no line ends; one that does is refused before anything is sent.
  package var headers: [(name: String, value: String)]
  package var body: HTTPBody

  package init(
    _ method: HTTPMethod, _ path: String, headers: [(name: String, value: String)] = [], body: HTTPBody = .none
  ) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
  }
}

/// What a request asks for.
package enum HTTPMethod: String, Sendable {
  case get = "GET"
  case post = "POST"
  case put = "PUT"
  case patch = "PATCH"
  case delete = "DELETE"
}

/// What a request carries.
package enum HTTPBody {
  case none
  /// Borrowed until the request has ended.
  case bytes(UnsafeRawBufferPointer)
  case rows(HTTPRowBody)

  /// Bytes it holds.
  var count: Int {
    switch self {
    case .none: 0
    case .bytes(let bytes): bytes.count
    case .rows(let body): body.count
    }
  }
}
