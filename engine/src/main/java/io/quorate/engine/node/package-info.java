/** A member of a mesh over real links: membership and rumors on one thread, and a view of them for all others. */
package io.quorate.engine.node;
