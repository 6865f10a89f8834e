import Support

/// One connection parameter of libpq: `sslmode` and its value.
package struct PostgresParameter: Sendable, Equatable {
  package var keyword: String
  package var value: String

  package init(_ keyword: String, _ value: String) {
    self.keyword = keyword
    self.value = value
  }
}

/// Where a Postgres server is and how it is spoken to.
package struct PostgresSettings: Sendable, Equatable {
  /// Whether statements are prepared by name.
  package enum Prepared: String, Sendable, CaseIterable {
    /// Until the server turns out not to keep them, as behind a pooler of transactions.
    case auto
    case on
    case off
  }

  /// As libpq knows them; a keyword comes once. `host`, `hostaddr` and `port` may be lists.
  package var parameters: [PostgresParameter]
  package var prepared: Prepared

  package init(parameters: [PostgresParameter] = [], prepared: Prepared = .auto) {
    self.parameters = parameters
    self.prepared = prepared
  }

  /// The value of a keyword, nil when it is not given; setting replaces it.
  package subscript(keyword: String) -> String? {
    get { parameters.first { $0.keyword == keyword }?.value }
    set {
      parameters.removeAll { $0.keyword == keyword }
      if let newValue { parameters.append(PostgresParameter(keyword, newValue)) }
    }
  }
}
