/** Placeholder of the module root. */
package io.quorate.transport;
