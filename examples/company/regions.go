package main

// A region has titles and names in one language. Lists are words with a blank
// between; a name is written native:ASCII.
type region struct {
	code, title, order                             string // order says how family and given name make a nickname
	units, places, squad, positions, family, given string
}

func regions() []region {
	return []region{
		{
			code: "cn", title: "中国区", order: "%s%s", units: "研发部 销售部 运营部 财务部", places: "杭州 成都 深圳", squad: "一组", positions: "工程师 产品经理 主管 会计",
			family: "王:Wang 李:Li 张:Zhang 刘:Liu 陈:Chen 杨:Yang 赵:Zhao 黄:Huang 周:Zhou 吴:Wu 欧阳:Ouyang 司马:Sima",
			given:  "伟:Wei 芳:Fang 娜:Na 秀英:Xiuying 敏:Min 静:Jing 强:Qiang 磊:Lei 洋:Yang 艳:Yan 建国:Jianguo 思远:Siyuan 雨桐:Yutong 梓涵:Zihan",
		},
		{
			code: "jp", title: "日本法人", order: "%s %s", units: "開発部 営業部 業務部 経理部", places: "東京 大阪 福岡", squad: "第一係", positions: "エンジニア 主任 係長 部長",
			family: "佐藤:Sato 鈴木:Suzuki 高橋:Takahashi 田中:Tanaka 渡邊:Watanabe 伊藤:Ito 山本:Yamamoto 中村:Nakamura 小林:Kobayashi 髙木:Takagi",
			given:  "翔:Sho 陽菜:Hina 蓮:Ren さくら:Sakura 大輔:Daisuke 美咲:Misaki 健太:Kenta ユキ:Yuki 直樹:Naoki 葵:Aoi 悠真:Yuma 結衣:Yui",
		},
		{
			code: "kr", title: "한국 법인", order: "%s%s", units: "개발본부 영업본부 운영본부 재무본부", places: "서울 부산 대전", squad: "1팀", positions: "사원 대리 과장 부장",
			family: "김:Kim 이:Lee 박:Park 최:Choi 정:Jung 강:Kang 조:Cho 윤:Yoon 장:Jang 임:Lim 남궁:Namgung",
			given:  "민준:Minjun 서연:Seoyeon 도윤:Doyun 지우:Jiwoo 하은:Haeun 준서:Junseo 수빈:Subin 예은:Yeeun 현우:Hyunwoo 지민:Jimin 유진:Yujin",
		},
		{
			code: "me", title: "الشرق الأوسط", order: "%[2]s %[1]s", units: "الهندسة المبيعات العمليات المالية", places: "الرياض دبي عمّان", squad: "الفريق الأول", positions: "مهندس محاسب مدير",
			family: "الحربي:Al-Harbi القحطاني:Al-Qahtani الخطيب:Al-Khatib النجار:Al-Najjar حداد:Haddad منصور:Mansour الشامي:Al-Shami عثمان:Othman السيد:El-Sayed",
			given:  "محمد:Mohammed فاطمة:Fatima عمر:Omar ليلى:Layla خالد:Khalid نور:Nour يوسف:Yousef مريم:Maryam سلمى:Salma طارق:Tariq هدى:Huda زيد:Zaid",
		},
		{
			code: "eu", title: "Région Europe", order: "%[2]s %[1]s", units: "Entwicklung Ventes Działania Účetnictví", places: "Köln Malmö Łódź", squad: "Équipe 1", positions: "Ingénieure Buchhalter Kierownik",
			family: "Müller:Mueller Søndergård:Sondergard Dvořák:Dvorak Łukasik:Lukasik Lefèvre:Lefevre Björk:Bjork Ó'Briain:OBriain Şahin:Sahin Kovács:Kovacs Țurcanu:Turcanu",
			given:  "Zoë:Zoe Jürgen:Juergen Françoise:Francoise Håkon:Hakon Małgorzata:Malgorzata Jiří:Jiri Siân:Sian Gökçe:Gokce Ådne:Adne Renée:Renee Ștefan:Stefan",
		},
		{
			code: "am", title: "Américas", order: "%[2]s %[1]s", units: "Ingeniería Vendas Operações Finanzas", places: "Bogotá Curitiba Montréal", squad: "Célula 1", positions: "Técnico Gerente Analista",
			family: "Núñez:Nunez Gonçalves:Goncalves Peña:Pena Araújo:Araujo Ibáñez:Ibanez Côté:Cote Muñoz:Munoz Conceição:Conceicao Nguyễn:Nguyen Güiraldes:Guiraldes",
			given:  "José:Jose María:Maria João:Joao Íñigo:Inigo Zélia:Zelia Andrés:Andres Thuỳ:Thuy Noémie:Noemie Inês:Ines Raúl:Raul Antônia:Antonia",
		},
	}
}
