ExUnit.start(exclude: if(VectorDB.Servers.installed?(), do: [], else: [:remote]))
