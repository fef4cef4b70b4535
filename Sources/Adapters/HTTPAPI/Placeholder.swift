import Hummingbird
import NIOHTTPTypesHTTP1
import Crypto
