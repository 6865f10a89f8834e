/// What the options say about a Chroma collection.
package struct ChromaSettings: Sendable {
  package var endpoint: HTTPEndpoint
  package var tenant: String
  package var database: String
  package var collection: String
  /// The header that says who asks; nil = nobody. Secret.
  package var authorization: Authorization?
  /// Whether it is Chroma's own service, whose searches may lag behind writes.
  package var isCloud = false

  /// A header and what it says.
  package struct Authorization: Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(endpoint: HTTPEndpoint, tenant: String, database: String, collection: String) {
    self.endpoint = endpoint
    self.tenant = tenant
    self.database = database
    self.collection = collection
  }

  /// The path of the database that collections live in.
  var databasePath: String {
    "/api/v2/tenants/\(percentEncoded(tenant))/databases/\(percentEncoded(database))/collections"
  }

  /// The path of the collection by its name: for looking at it and dropping it.
  var collectionPath: String { "\(databasePath)/\(percentEncoded(collection))" }
}
