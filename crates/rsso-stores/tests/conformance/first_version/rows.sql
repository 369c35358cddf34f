-- What an rsso with schema 2 has stored, in columns that SQLite and MySQL have in common. `{later}` is in an hour,
-- `{grace}` in half a minute. The ids are in `first_version.rs`.
INSERT INTO rsso_sessions VALUES(X'a8c5c571307ac7d2268e336e003c8293639de184f4f9d40d8653c98b567c735a',95501763181736223,X'0a5dd19e7d32bce7b502888ae25f01cb',{later},X'6e7c693a313b');
INSERT INTO rsso_sessions VALUES(X'5df6cb4e8e6c0a96446e1fb5ac3d2b067fec92a184cbe777ca5717c8e3abf50d',6908944047060216171,X'f3226ef8b0213d10e45b351dddba9d00',{grace},X'6e7c693a323b');
INSERT INTO rsso_sessions VALUES(X'35b63cb4036c7803cef7126c444d43b7744228c00cb146f839c3c0e27ed5e667',2052236016334770514,X'89a0d2b43175d07f5424b22a5a8de4a7',{later},X'6e7c693a333b');
INSERT INTO rsso_sessions VALUES(X'6108a9ecb2f9b67b71180d92a1ee615878092e52968a7254d74440bc03174009',7139156173261779215,X'cef195026f56f8090a9569d545fd4b27',{later},X'6e7c693a343b');
INSERT INTO rsso_sessions VALUES(X'562e3ba79d3dda5370bea6581f4bdabb4d9faaa683e876f7200cbdc0cc29c694',8664595089938032012,X'9eb5a4cd4a951d9e8fd375b552b6c2fe',{later},X'6e7c693a353b');
INSERT INTO rsso_users VALUES(X'be706a5136cafdf27bb48e9791f6364a31fbd35744fd7692873654dfe94a781c','default','"source":"urn:rsso:default","subject":"alice"',2,257132340823557939,0,0);
INSERT INTO rsso_users VALUES(X'fe0dc10cba4c0d2910733e69a7cee3233e44ef80cb7d0c6454bae54bcd41e8c7','default','"source":"urn:rsso:default","subject":"bob"',1,257132340823557939,0,0);
INSERT INTO rsso_logins VALUES(X'01a22cd8210c05983f901632bbe280cd',X'be706a5136cafdf27bb48e9791f6364a31fbd35744fd7692873654dfe94a781c',1,'web','{"login":"01M8PDG88C0PC3Z40P6AXY506D","uid":"alice","device":"web","label":"Alice"}','{"claimed_at":1796048691468,"meta":null,"lifetime":1485000,"born_of":"s4YMXr1-SK5RmfYFpqpS4w"}');
INSERT INTO rsso_logins VALUES(X'01a22cd8210de91bc0a6c44f57cd196c',X'be706a5136cafdf27bb48e9791f6364a31fbd35744fd7692873654dfe94a781c',2,'web','{"login":"01M8PDG88DX4DW19P49XBWT6BC","uid":"alice","device":"web","label":null}','{"claimed_at":1796048691469,"meta":null,"lifetime":1485000,"born_of":"eyJExPnuxYcbXhKhw1Brag"}');
INSERT INTO rsso_logins VALUES(X'01a22cd8210d59402c10d502f379d082',X'fe0dc10cba4c0d2910733e69a7cee3233e44ef80cb7d0c6454bae54bcd41e8c7',1,'web','{"login":"01M8PDG88DB502R46N0BSQKM42","uid":"bob","device":"web","label":null}','{"claimed_at":1796048691469,"meta":"{\"a\":1}","lifetime":1485000,"born_of":"DL9diEBnH5bxvqmMQdzDrg"}');
INSERT INTO rsso_bindings VALUES(X'a8c5c571307ac7d2268e336e003c8293639de184f4f9d40d8653c98b567c735a',95501763181736223,X'01a22cd8210c05983f901632bbe280cd',NULL);
INSERT INTO rsso_bindings VALUES(X'5df6cb4e8e6c0a96446e1fb5ac3d2b067fec92a184cbe777ca5717c8e3abf50d',6908944047060216171,X'01a22cd8210de91bc0a6c44f57cd196c',{grace});
INSERT INTO rsso_bindings VALUES(X'35b63cb4036c7803cef7126c444d43b7744228c00cb146f839c3c0e27ed5e667',2052236016334770514,X'01a22cd8210de91bc0a6c44f57cd196c',NULL);
INSERT INTO rsso_bindings VALUES(X'562e3ba79d3dda5370bea6581f4bdabb4d9faaa683e876f7200cbdc0cc29c694',8664595089938032012,X'01a22cd8210d59402c10d502f379d082',NULL);
-- A session that has expired, with its login.
INSERT INTO rsso_sessions VALUES(X'ea40f42ea2f8fa7328dcfc22d1efe0817f827654b2d5089a055556e6644e3715',77,X'00112233445566778899aabbccddeeff',1000,X'6e7c693a363b');
INSERT INTO rsso_logins VALUES(X'01a22cd8210d59402c10d502f379d0ff',X'fe0dc10cba4c0d2910733e69a7cee3233e44ef80cb7d0c6454bae54bcd41e8c7',2,'web','{"login":"01M8PDG88DB502R46N0BSQKM7Z","uid":"bob","device":"web","label":null}','{"claimed_at":1796048691469,"meta":null,"lifetime":1485000}');
INSERT INTO rsso_bindings VALUES(X'ea40f42ea2f8fa7328dcfc22d1efe0817f827654b2d5089a055556e6644e3715',77,X'01a22cd8210d59402c10d502f379d0ff',NULL);
-- The binding of a former session of this id.
INSERT INTO rsso_bindings VALUES(X'6108a9ecb2f9b67b71180d92a1ee615878092e52968a7254d74440bc03174009',78,X'01a22cd8210d59402c10d502f379d0ff',NULL);
