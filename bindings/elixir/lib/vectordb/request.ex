defmodule VectorDB.Request do
  @moduledoc false
  # Waiting for calls that are under way in the library.
  #
  # There is no timeout here: the library ends every call at its deadline. So each message that is sent is also
  # received, and none comes late. A caller that dies has its call cancelled.

  alias VectorDB.Native

  @doc "The answer of a request, when it has ended."
  @spec await(Native.request()) :: term()
  def await(request) do
    # Made here, so that the receive passes over what was in the mailbox before.
    tag = make_ref()

    case Native.wait(request, tag) do
      :ended ->
        Native.answer(request)

      :waiting ->
        receive do
          {^tag, :ended} -> Native.answer(request)
        end
    end
  end
end
