// Tells the documentation, in the window that opened this one, what the authorization server answered.
"use strict";

const channel = new BroadcastChannel("docs-callback");
channel.postMessage(location.search);
channel.close();
history.replaceState(null, "", location.pathname); // the code is used up: it needs not stand in the address
window.close();
