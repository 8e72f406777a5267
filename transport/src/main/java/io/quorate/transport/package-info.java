/** The ports between a protocol and the network, and what links count; knows no protocol. */
package io.quorate.transport;
