"""The usual Python client of each backend, and the bytes of a writer and a searcher that speak its protocol without any client.

A module has the client's `name`, the index of the bulk (`index`) and of the search (`search_index`), and how many `rounds` of the
one and `searches` of the other are enough; with `ours_opens_the_client_s` the library's bulk too goes into what `create` made. Its Peer
  options(name)             how the library opens the same collection
  create(name) drop(name)   an empty collection with the index state that the library's own gets
  upsert(name, rows)        with the client, as its documentation says is fast
  insert(name, rows)        optional: with the client, in a way that is faster as it does less than the library's upsert
  search(name, query)       with the client: ids of the nearest
  settle(name)              optional: has the server bring what was written into the state that it is searched in
  bare_upsert(name, rows, folder) -> (program, address, files)
  bare_search(name, rows, folder) -> (program, address, file)
"""
