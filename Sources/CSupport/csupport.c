/* Every header of this module must stand on its own. */
#include "CSupport.h"
