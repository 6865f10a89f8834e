defmodule VectorDB.Twin do
  @moduledoc false
  # `deftwin search(database, vector, options \\ []), to: Reading` defines `search/3`, which is that of
  # `Reading`, and `search!/3` beside it: the value of `{:ok, value}` alone, or the error raised.

  defmacro deftwin(call, to: module) do
    {name, arguments} = Macro.decompose_call(call)
    variables = Enum.map(arguments, &without_default/1)

    documentation =
      "As `#{name}/#{length(arguments)}`, but returns the value alone, or raises `VectorDB.Error`."

    quote do
      def unquote(name)(unquote_splicing(arguments)) do
        unquote(module).unquote(name)(unquote_splicing(variables))
      end

      @doc unquote(documentation)
      def unquote(:"#{name}!")(unquote_splicing(arguments)) do
        VectorDB.Twin.unwrap(unquote(name)(unquote_splicing(variables)))
      end
    end
  end

  def unwrap({:ok, value}), do: value
  def unwrap({:error, error}), do: raise(error)

  defp without_default({:\\, _, [variable, _default]}), do: variable
  defp without_default(variable), do: variable
end
