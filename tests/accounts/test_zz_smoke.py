import pytest
from tests.cast import member, org_id
@pytest.mark.parametrize("who,path", [
 ("zhao","/account"),("zhao","/account/password"),("root","/admin/users"),("root","/admin/users/new"),("root","/admin/users/"+member("zhao").id),
 ("shen","/admin/users/"+member("zhao").id),("gao","/admin/users"),("gao","/admin/users/new"),("gao","/admin/users/"+member("zhao").id),
 ("root","/admin/organisations"),("root","/admin/organisations/new"),("root","/admin/organisations/"+org_id("emergency")),("shen","/admin/organisations/"+org_id("emergency")),
 ("root","/admin/regions"),("root","/admin/sectors"),("root","/admin/sectors/new"),("root","/admin/sectors/GAS"),("cha","/admin/audit"),
 ("zhao","/api/v1/users/me"),("zhao","/api/v1/people?q=刘"),("zhao","/api/v1/organisations"),("zhao","/api/v1/regions"),("zhao","/api/v1/sectors")])
def test_page(sign_in, who, path):
    r = sign_in(who).get(path)
    assert r.status_code == 200, r.text
    if "api" in path: print(r.text[:300])
